"""Given a collected run: it is decided once, alpha is spent only for a look at the holdout, one verdict publishes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scorer_core.context import RunContext
from scorer_core.errors import PublishError, RunNotFound, Unreconciled
from scorer_core.gate.decision import Decision
from scorer_core.gate.verdict import Verdict
from scorer_core.ledger.tables import DecisionRow
from scorer_core.pool.survivors import Pool
from scorer_core.run.files import json_bytes
from scorer_core.steps.collect import collect
from scorer_core.steps.publish import publish, read_verdict
from scorer_core.steps.quality_gate import quality_gate
from tests.support.runs import PLANTED_CONFIG, prepare, run_trials, sample_pool

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planted() -> Pool:
    return sample_pool()


def collected(home: Path, pool: Pool, run_id: str = "run-1") -> RunContext:
    """Return a run whose trial 0 has the planted config."""
    context = prepare(home, pool, run_id)
    run_trials(context, first=PLANTED_CONFIG)
    collect(context, None)
    return context


def incomplete(home: Path, pool: Pool, run_id: str = "run-1") -> RunContext:
    """Return a run of which half the trials failed: the gate needs no holdout to reject it."""
    context = prepare(home, pool, run_id)
    run_trials(context, fails=lambda number: number % 2 == 0)
    with pytest.raises(Unreconciled, match="only 10 of 20"):
        collect(context, None)
    return context


def decisions(context: RunContext) -> list[tuple[str, int, str | None]]:
    """Return what the alpha-spending ledger knows: run, number, verdict."""
    with Session(context.ledger.engine) as session:
        rows = session.scalars(select(DecisionRow).order_by(DecisionRow.number)).all()
        return [(row.run_id, row.number, row.verdict) for row in rows]


def test_a_second_call_returns_the_first_decision_and_spends_no_more_alpha(tmp_path: Path, planted: Pool) -> None:
    context = collected(tmp_path, planted)

    first = quality_gate(context)
    before = context.files.verdict.read_bytes()
    again = quality_gate(context)

    assert again == first
    assert first.looked_at_holdout
    assert context.files.verdict.read_bytes() == before
    assert decisions(context) == [("run-1", 1, first.verdict.value)]


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
    old = {**PLANTED_CONFIG, "residue_mod_1": 13}
    del old["max_offset"]
    context.publisher.folder.mkdir(exist_ok=True)
    context.publisher.config.write_bytes(json_bytes(old))

    decision = quality_gate(context)

    assert decision.champion is not None
    told = (
        "has no _run_context: it is read as the old system's",
        "lacks max_offset (8 is assumed), temporal_window_size",
    )
    for words in told:
        assert words in decision.reason
        assert words in caplog.text
    assert publish(context).archived is not None


def test_a_gate_that_crashed_before_it_wrote_decides_under_the_same_number(tmp_path: Path, planted: Pool) -> None:
    context = collected(tmp_path, planted)
    first = quality_gate(context)
    Path(context.files.verdict.where).unlink()

    assert quality_gate(context) == first
    assert decisions(context) == [("run-1", 1, first.verdict.value)]


def test_each_run_that_looks_at_the_holdout_spends_a_smaller_share(tmp_path: Path, planted: Pool) -> None:
    first = quality_gate(collected(tmp_path, planted, "run-1"))
    context = collected(tmp_path, planted, "run-2")
    second = quality_gate(context)

    assert (first.decision, second.decision) == (1, 2)
    assert second.alpha_j == pytest.approx(first.alpha_j / 4)
    assert [number for _, number, _ in decisions(context)] == [1, 2]


def test_a_rejection_without_a_look_at_the_holdout_spends_nothing(tmp_path: Path, planted: Pool) -> None:
    context = incomplete(tmp_path, planted, "run-1")

    first = quality_gate(context)

    assert first.verdict is Verdict.REJECT
    assert not first.looked_at_holdout
    assert decisions(context) == []
    assert quality_gate(context) == first
    assert decisions(context) == []
    assert quality_gate(collected(tmp_path, planted, "run-2")).decision == 1


def test_a_run_that_was_not_collected_is_not_decided(tmp_path: Path, planted: Pool) -> None:
    context = prepare(tmp_path, planted)

    with pytest.raises(RunNotFound, match=r"not collected yet; there is no trials\.jsonl"):
        quality_gate(context)

    assert decisions(context) == []
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
