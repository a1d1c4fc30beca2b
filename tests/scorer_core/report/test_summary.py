"""summary.json: the run in numbers, however it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import Unreconciled
from scorer_core.report.summary import RunSummary, build_summary
from scorer_core.run.trials import read_trials
from scorer_core.steps.collect import collect
from tests.support.runs import prepare, run_trials, sample_pool

FIELDS = {
    "schema_version",
    "run_id",
    "study_name",
    "spec",
    "folder",
    "worker_sha256",
    "pool_sha256",
    "rows",
    "tickets",
    "collected",
    "sample_sizes",
    "nodes",
    "gpus",
    "trial_seconds",
    "blind_share",
    "best",
    "verdict",
    "gate",
    "evidence",
    "published",
    "regret",
    "published_before",
    "left_out",
    "failed_attempts",
    "unreadable",
}


def summary_of(context: RunContext) -> dict[str, Any]:
    return built(context).to_json()


def built(context: RunContext) -> RunSummary:
    trials = read_trials(context.files) if context.files.trials.exists() else []
    return build_summary(context.record, context.files, trials, context.ledger.counts(context.run_id))


@pytest.fixture
def prepared(tmp_path: Path) -> RunContext:
    return prepare(tmp_path, sample_pool(size=3000), n_trials=6, sample_size=None)


def test_a_decided_run_has_every_number(decided: RunContext) -> None:
    summary = summary_of(decided)

    assert set(summary) == FIELDS
    assert summary["tickets"] == {"open": 0, "leased": 0, "done": 19, "failed": 1}
    assert summary["collected"]["reported"] == 19
    assert summary["sample_sizes"] == [2000]
    assert sum(summary["nodes"].values()) == 19
    assert summary["gpus"] == 5
    assert summary["verdict"] == summary["gate"]["verdict"] == "PUBLISH"
    assert summary["published"] is None
    assert summary["rows"] == 12_000


def test_the_best_trial_is_the_one_with_the_highest_objective(decided: RunContext) -> None:
    trials = decided.files.trials.read_json_lines()
    highest = max(trial["objective"] for trial in trials if trial["state"] == "done")

    best = summary_of(decided)["best"]

    assert best["objective"] == highest
    assert best == {name: trials[best["number"]][name] for name in best}


def test_of_equally_good_trials_the_lowest_number_is_best(decided: RunContext, prepared: RunContext) -> None:
    line = decided.files.trials.read_json_lines()[0]
    twins = [{**line, "number": number} for number in (4, 2, 3)]
    prepared.files.trials.write_json_lines(twins)

    assert summary_of(prepared)["best"]["number"] == 2


def test_a_run_that_was_only_prepared_has_none_for_what_it_did_not_reach(prepared: RunContext) -> None:
    summary = summary_of(prepared)

    assert set(summary) == FIELDS
    assert summary["tickets"]["open"] == 6
    assert [summary[name] for name in ("collected", "best", "verdict", "gate", "published", "blind_share")] == [
        None
    ] * 6
    assert (summary["sample_sizes"], summary["nodes"], summary["gpus"], summary["trial_seconds"]) == ([], {}, 0, 0)


def test_a_run_whose_folder_was_cut_short_still_has_a_summary(prepared: RunContext) -> None:
    Path(prepared.files.run.where).unlink()

    assert summary_of(prepared)["rows"] is None


@pytest.mark.slow
def test_a_run_whose_trials_all_failed_has_no_best(prepared: RunContext) -> None:
    run_trials(prepared, fails=lambda number: True)
    with pytest.raises(Unreconciled, match="only 0 of 6 trials completed"):
        collect(prepared, None)

    summary = summary_of(prepared)

    assert summary["tickets"]["failed"] == 6
    assert summary["best"] is None
    assert summary["collected"]["executed"] == 0


def test_all_rows_as_a_sample_size_is_seen_as_null(prepared: RunContext) -> None:
    run_trials(prepared)
    collect(prepared, None)

    assert summary_of(prepared)["sample_sizes"] == [None]


def test_the_blind_share_counts_trials_with_a_modulus_that_passes_nearly_all(prepared: RunContext) -> None:
    run_trials(prepared, first={"residue_mod_1": 5, "max_offset": 15})
    collect(prepared, None)
    trials = prepared.files.trials.read_json_lines()

    assert summary_of(prepared)["blind_share"] == sum(any(trial["blind"]) for trial in trials) / 6


def test_every_summary_is_plain_json(decided: RunContext, prepared: RunContext) -> None:
    for context in (decided, prepared):
        summary = summary_of(context)

        assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_a_summary_comes_back_from_its_file(decided: RunContext, prepared: RunContext) -> None:
    for context in (decided, prepared):
        summary = built(context)

        assert RunSummary.from_json(json.loads(json.dumps(summary.to_json()))) == summary


def test_a_summary_of_an_earlier_release_has_neither_evidence_nor_regret(decided: RunContext) -> None:
    record = summary_of(decided)
    del record["evidence"], record["regret"], record["collected"]["taken_out"]

    earlier = RunSummary.from_json(record)

    assert (earlier.evidence, earlier.regret) == (None, None)
    assert earlier.collected is not None
    assert earlier.collected.taken_out == {}
