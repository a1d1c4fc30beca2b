"""A lane tells why it ran nothing, and that its rig was taken out of the run or its GPU is drained."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from scorer_airflow.operators.trial_lane import TrialLaneOperator
from scorer_core.context import RunContext
from scorer_core.ledger.drains import drain
from scorer_core.ledger.trust import distrust
from scorer_core.search.lane import LaneReport
from tests.scorer_core.steps.installation import make_run
from tests.support.prepared import make_node, make_settings

SLOT = {"node": "rig-a", "gpu": 0, "trial_timeout_s": 60.0}
IDLE, WORKED = LaneReport("rig-a · gpu 0", 0, 0, 0.0, 0.0), LaneReport("rig-a · gpu 0", 3, 1, 2.0, 4.0)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunContext:
    settings = make_settings(tmp_path, make_node(tmp_path, "rig-a"))
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return make_run(settings)


def ended(
    report: LaneReport, run: RunContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> list[tuple[int, str]]:
    """Let a lane end with a report, and return what its log says after the group of its trials."""
    caplog.clear()
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("scorer_core.steps.trial_lane.trial_lane", lambda *_: report)
    task = TrialLaneOperator(task_id="trial_lane", slot=SLOT)
    task.execute(cast(Context, {"run_id": run.run_id}))
    told = [(record.levelno, record.getMessage()) for record in caplog.records]
    return told[[text for _, text in told].index("::endgroup::") + 1 :]


def test_a_lane_that_came_too_late_says_that_nothing_is_wrong(
    run: RunContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ((level, text),) = ended(IDLE, run, monkeypatch, caplog)

    assert level == logging.INFO
    assert text.startswith("rig-a · gpu 0: no trial; other lanes had taken the whole budget")


def test_a_lane_that_counted_permutations_alone_says_so(
    run: RunContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ((level, text),) = ended(replace(IDLE, batches=2), run, monkeypatch, caplog)

    assert level == logging.INFO
    assert text.startswith("rig-a · gpu 0: 0 trials, 0 failed attempts, 2 batches of permutations, ")


def test_a_lane_of_a_rig_that_was_taken_out_is_skipped_with_the_reason(
    run: RunContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    distrust(run.ledger.engine, run.run_id, "rig-a", "trial 0 was false")

    with pytest.raises(AirflowSkipException, match="its rig was taken out of this run: .* trial 0 was false; no trial"):
        ended(IDLE, run, monkeypatch, caplog)

    warned, counted = ended(WORKED, run, monkeypatch, caplog)
    assert warned[0] == logging.WARNING
    assert "trial 0 was false" in warned[1]
    assert counted == (logging.INFO, "rig-a · gpu 0: 3 trials, 1 failed attempts, 2.0 of 4.0 s in trials")


def test_a_lane_of_a_drained_gpu_warns_of_the_drain_and_not_of_a_spent_budget(
    run: RunContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    drain(run.ledger.engine, "rig-a", 0, "loud fan", "vera")

    ((level, text),) = ended(IDLE, run, monkeypatch, caplog)

    assert level == logging.WARNING
    assert "loud fan" in text
