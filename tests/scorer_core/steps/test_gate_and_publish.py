"""Given a collected run: it is decided once, by whoever comes first, and one verdict publishes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer_core.context import RunContext
from scorer_core.errors import PublishError, RunError, RunNotFound, Unreconciled
from scorer_core.gate.case import Case
from scorer_core.gate.decide import decide
from scorer_core.gate.decision import Decision
from scorer_core.gate.verdict import Verdict
from scorer_core.ledger.keys import taken
from scorer_core.ledger.verdicts import all_settled, settle
from scorer_core.pool.survivors import Pool
from scorer_core.publish.withdrawal import roll_back
from scorer_core.run.files import json_bytes
from scorer_core.spending import share_of
from scorer_core.steps import quality_gate as step
from scorer_core.steps.collect import collect
from scorer_core.steps.publish import publish, read_verdict
from scorer_core.steps.quality_gate import quality_gate
from tests.support.runs import EASY, prepare, run_trials, sample_pool, seen
from tests.support.values import there

pytestmark = pytest.mark.slow

PLANT = seen(dict(EASY.params))
WEAKER = {**PLANT, "residue_mod_2": 100}
"""Keeps some of the rows that are enriched, and others."""
TOO_WIDE = {**PLANT, "residue_mod_1": 8, "residue_mod_2": 10}


@pytest.fixture(scope="module")
def planted() -> Pool:
    return sample_pool()


def collected(home: Path, pool: Pool, run_id: str = "run-1", **conf: Any) -> RunContext:
    """Return a run whose trial 0 has the planted config."""
    context = prepare(home, pool, run_id, **conf)
    run_trials(context, first=PLANT)
    collect(context, None)
    return context


def incomplete(home: Path, pool: Pool, run_id: str = "run-1") -> RunContext:
    """Return a run of which half the trials failed: the gate does not look at its pool."""
    context = prepare(home, pool, run_id)
    run_trials(context, fails=lambda number: number % 2 == 0)
    with pytest.raises(Unreconciled, match="only 10 of 20"):
        collect(context, None)
    return context


def numbers(context: RunContext) -> list[int]:
    """Return the numbers of the decisions that were asked for."""
    return [one.number for one in taken(context.ledger.engine)]


def test_a_second_call_returns_the_first_decision_and_spends_no_more_alpha(tmp_path: Path, planted: Pool) -> None:
    context = collected(tmp_path, planted)

    first = quality_gate(context)
    before = context.files.verdict.read_bytes()
    again = quality_gate(context)

    assert again == first
    assert context.files.verdict.read_bytes() == before
    assert [(one.run_id, one.number, one.verdict) for one in all_settled(context.ledger.engine)] == [
        ("run-1", 1, "PUBLISH")
    ]
    assert numbers(context) == [1]


def test_a_gate_that_was_beaten_by_another_reads_that_ones_verdict(
    tmp_path: Path, planted: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given two gates at once: while this one decides, the other writes its verdict down."""
    context = collected(tmp_path, planted)
    other = replace(quality_gate(collected(tmp_path, planted, "other")), reason="the other's words")

    def decide_late(case: Case) -> Decision:
        settle(context.ledger.engine, context.run_id, other.verdict.value, other.to_json())
        return decide(case)

    monkeypatch.setattr(step, "decide", decide_late)

    assert quality_gate(context).reason == "the other's words"
    assert context.files.verdict.read_json()["reason"] == "the other's words"
    assert context.files.config.read_json()["_run_context"]["gate"]["reason"] == "the other's words"


def test_the_decision_stands_although_a_champion_was_published_meanwhile(tmp_path: Path, planted: Pool) -> None:
    context = collected(tmp_path, planted)
    first = quality_gate(context)
    assert first.verdict is Verdict.PUBLISH

    publish(context)

    assert quality_gate(context).verdict is Verdict.PUBLISH


def test_the_old_systems_config_is_compared_with_and_said_so(
    tmp_path: Path, planted: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    context = collected(tmp_path, planted)
    old = {name: value for name, value in TOO_WIDE.items() if name != "max_offset"}
    context.publisher.folder.mkdir(exist_ok=True)
    context.publisher.config.write_bytes(json_bytes(old))

    decision = quality_gate(context)

    assert decision.replaces is not None
    told = (
        "has no _run_context: it is read as the old system's",
        "lacks max_offset (8 is assumed), temporal_window_size",
    )
    for words in told:
        assert words in decision.reason
        assert words in caplog.text
    assert publish(context).archived is not None


@pytest.mark.parametrize("file", ["verdict.json", "optimal_scorer_config.json"])
def test_a_gate_that_was_cut_short_goes_on_under_the_same_number(
    tmp_path: Path, planted: Pool, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut in mid-decision, or after the ledger had the verdict and before the folder had."""
    context = collected(tmp_path, planted)

    def cut(_case: Case) -> Decision:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, "decide", cut)
        with pytest.raises(KeyboardInterrupt):
            quality_gate(context)
    assert read_verdict(context) is None
    first = quality_gate(context)
    context.files.store.remove("verdict.json")
    context.files.store.remove(file)

    assert quality_gate(context) == first
    assert context.files.config.exists()
    assert read_verdict(context) is first.verdict
    assert numbers(context) == [1]


def test_the_same_pool_again_is_no_new_decision_and_another_one_is(tmp_path: Path, planted: Pool) -> None:
    first = quality_gate(collected(tmp_path, planted, "run-1"))
    again = quality_gate(collected(tmp_path, planted, "run-2"))
    other = quality_gate(collected(tmp_path, planted.rows(np.arange(len(planted) - 1)), "run-3"))

    assert (first.number, again.number, other.number) == (1, 1, 2)
    assert again.alpha_j == first.alpha_j
    assert other.alpha_j == pytest.approx((first.alpha_j or 0.0) / 4)
    assert "Since the pool of 12,000 rows that was decided before: 1 rows of it are gone." in other.reason


def test_a_gate_plans_for_what_the_next_decision_may_spend(
    tmp_path: Path, planted: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a decision before this run's, and one that was asked for since."""
    prepare(tmp_path, planted.rows(np.arange(11_000)), "before")
    context = collected(tmp_path, planted, "this")
    prepare(tmp_path, planted.rows(np.arange(11_500)), "since")
    cases: list[Case] = []

    def decide_and_note(case: Case) -> Decision:
        cases.append(case)
        return decide(case)

    monkeypatch.setattr(step, "decide", decide_and_note)
    quality_gate(context)

    permit = there(cases[0].permit)
    assert (permit.number, permit.alpha_j, permit.next_alpha) == (2, share_of(0.01, 2), share_of(0.01, 4))


def test_a_run_that_is_not_whole_is_decided_without_a_look_and_keeps_its_number(tmp_path: Path, planted: Pool) -> None:
    context = incomplete(tmp_path, planted, "run-1")

    first = quality_gate(context)

    assert (first.verdict, first.candidate, first.number) == (Verdict.INCONCLUSIVE, None, 1)
    assert not context.files.config.exists()
    assert quality_gate(context) == first
    assert quality_gate(collected(tmp_path, planted, "run-2")).verdict is Verdict.PUBLISH


def test_what_was_decided_is_read_from_the_ledger_and_not_from_the_folder(tmp_path: Path, planted: Pool) -> None:
    context = collected(tmp_path, planted)
    first = quality_gate(context)
    context.files.verdict.write_json({"verdict": "PUBLISH"})

    assert quality_gate(context) == first


def test_a_champion_is_replaced_by_the_better_one_on_rows_that_are_new_to_it(tmp_path: Path) -> None:
    """Given a config with half of what is planted: on its own pool it stays, on one that has grown it does not."""
    grown = sample_pool(size=16_000)
    half = grown.rows(np.arange(len(grown)) % 2 == 0)
    weak = prepare(tmp_path, half, "weak", n_trials=1)
    run_trials(weak, first=WEAKER)
    collect(weak, None)
    assert quality_gate(weak).verdict is Verdict.PUBLISH
    publish(weak)

    same = quality_gate(collected(tmp_path, half, "same pool", n_trials=1))
    more = collected(tmp_path, grown, "grown pool", n_trials=1)
    decided = quality_gate(more)
    publish(more)

    assert same.verdict is Verdict.KEEP_CHAMPION
    assert "0 rows are new since the published config was published" in same.reason
    assert decided.verdict is Verdict.PUBLISH
    assert decided.champion is not None
    assert (decided.champion.fresh_rows, decided.champion.challenger) == (8_000, 2)


def test_what_was_rolled_back_stays_withdrawn_though_its_task_is_cleared(tmp_path: Path, planted: Pool) -> None:
    context = collected(tmp_path, planted)
    context.publisher.publish(json_bytes(TOO_WIDE))
    old = context.publisher.config.read_bytes()
    assert quality_gate(context).verdict is Verdict.PUBLISH
    publish(context)

    roll_back(context.publisher, context.ledger.engine)

    with pytest.raises(PublishError, match="this run's config was withdrawn"):
        publish(context)
    assert context.publisher.config.read_bytes() == old
    publish(context, again=True)
    assert context.publisher.config.read_bytes() == context.files.config.read_bytes()


def test_a_run_that_an_earlier_release_searched_is_not_decided(tmp_path: Path, planted: Pool) -> None:
    context = collected(tmp_path, planted)
    context.files.store.remove("pool.npz")

    with pytest.raises(RunError, match="an earlier release searched a part of the pool only. Search again"):
        quality_gate(context)


def test_a_run_that_was_not_collected_is_not_decided(tmp_path: Path, planted: Pool) -> None:
    context = prepare(tmp_path, planted)

    with pytest.raises(RunNotFound, match=r"not collected yet; there is no trials\.jsonl"):
        quality_gate(context)

    assert read_verdict(context) is None


def test_publish_replaces_the_config_and_publishing_again_changes_nothing(tmp_path: Path, planted: Pool) -> None:
    context = collected(tmp_path, planted)
    quality_gate(context)

    first = publish(context)
    again = publish(context)

    assert context.publisher.config.read_bytes() == context.files.config.read_bytes()
    assert again == first, "the moment of publishing is the first one"
    assert first.archived is None
    assert context.files.published.read_json()["config"] == str(context.publisher.config)


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.PUBLISH])
def test_no_other_verdict_publishes(tmp_path: Path, planted: Pool, verdict: Verdict) -> None:
    context = collected(tmp_path, planted)
    decision = quality_gate(context)
    context.files.verdict.write_json({**decision.to_json(), "verdict": verdict.value})
    assert Decision.from_json(context.files.verdict.read_json()).verdict is verdict

    with pytest.raises(PublishError, match=rf"run run-1 has the verdict {verdict.value}\. Only PUBLISH publishes"):
        publish(context)

    assert not context.publisher.config.exists()
    assert not context.files.published.exists()


def test_a_run_without_a_verdict_is_not_published(tmp_path: Path, planted: Pool) -> None:
    context = collected(tmp_path, planted)

    with pytest.raises(PublishError, match="run run-1 has no verdict yet; run the gate first"):
        publish(context)

    assert not context.publisher.config.exists()


@pytest.mark.parametrize(("name", "value"), [("residue_mod_1", 40), ("hidden_layers", "$(reboot)"), ("x", 1)])
def test_a_config_outside_the_search_space_is_never_published(
    tmp_path: Path, planted: Pool, name: str, value: object
) -> None:
    context = collected(tmp_path, planted)
    assert quality_gate(context).verdict is Verdict.PUBLISH
    context.files.config.write_json({**context.files.config.read_json(), name: value})

    with pytest.raises(PublishError, match=rf"parameter '?{name}'? is .* Nothing was published"):
        publish(context)

    assert not context.publisher.config.exists()
    assert not context.files.published.exists()
