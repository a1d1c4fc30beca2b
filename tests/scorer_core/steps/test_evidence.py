"""Evidence is written beside a verdict that stands already; whatever happens to it, the verdict stays."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from scorer_core.context import RunContext
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.trial import TrialRequest, evaluate
from scorer_core.steps import quality_gate as step
from scorer_core.steps.collect import collect
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report
from tests.support.runs import PLANTED_CONFIG, prepare, run_trials, sample_pool, seen

pytestmark = pytest.mark.slow

KEEPS_TOO_LITTLE = seen({"residue_mod_1": 20, "residue_mod_2": 150, "residue_mod_3": 1500, "max_offset": 1})


@pytest.fixture
def collected(tmp_path: Path) -> RunContext:
    context = prepare(tmp_path, sample_pool())
    run_trials(context, first=PLANTED_CONFIG)
    collect(context, None)
    return context


def test_it_is_there_after_the_gate_and_the_same_for_the_same_run(collected: RunContext) -> None:
    quality_gate(collected)
    first = collected.files.evidence.read_json()
    Path(collected.files.evidence.where).unlink()

    quality_gate(collected)

    assert collected.files.evidence.read_json() == first
    assert len(first["plateau"]["trials"]) > 1
    assert all(0 <= overlap <= 1 for overlap in first["plateau"]["overlap_with_the_best"])


def test_the_head_says_by_how_much_a_search_that_sampled_fell_short(tmp_path: Path) -> None:
    """Given a pool as large as the setting allows, the regret is the difference to what a sweep of it finds."""
    pool = sample_pool(size=3000)
    context = prepare(tmp_path, pool, "sampled", n_trials=12, fixed_params={"residue_mod_1": 16})
    rows = context.files.pool.read_pool()
    context = replace(context, settings=context.settings.model_copy(update={"head_sweep_rows": len(rows)}))
    run_trials(context)
    collect(context, None)
    decision = quality_gate(context)
    report(context)

    optimum = context.files.evidence.read_json()["optimum"]
    regret = context.files.summary.read_json()["regret"]
    request = TrialRequest(0, optimum["params"], None, MaskPolicy.MAX_OFFSET)
    assert optimum["params"]["residue_mod_1"] == 16, "the space is what the run searched"
    assert optimum["objective"] == evaluate(rows, request).score.objective
    assert decision.candidate is not None
    assert regret["optimum"] == {"run_id": None, "objective": optimum["objective"]}
    assert regret["regret"] == optimum["objective"] - decision.candidate.evaluation.score.objective >= 0


def test_a_pool_above_the_setting_is_not_swept(collected: RunContext) -> None:
    quality_gate(collected)

    assert collected.files.evidence.read_json()["optimum"] is None


def test_when_it_cannot_be_computed_the_verdict_stands_and_the_log_says_why(
    collected: RunContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise MemoryError("no room for the masks")

    monkeypatch.setattr(step, "gather", broken)

    with caplog.at_level(logging.ERROR):
        decision = quality_gate(collected)
    report(collected)

    assert collected.files.verdict.read_json()["verdict"] == decision.verdict.value == "PUBLISH"
    assert "no room for the masks" in caplog.text
    assert "the verdict stands" in caplog.text
    assert "no room for the masks" in collected.files.report.read_bytes().decode()


def test_a_run_without_a_candidate_has_none(tmp_path: Path) -> None:
    context = prepare(tmp_path, sample_pool())
    run_trials(context, every=KEEPS_TOO_LITTLE)
    collect(context, None)

    assert quality_gate(context).candidate is None
    assert not context.files.evidence.exists()
