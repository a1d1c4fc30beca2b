"""Trials for tests: made whole, or changed in what their result says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.objective import Reason, Score
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from scorer_core.scoring.trial import Evaluation
from tests.support.runs import START


def scored(trial: Trial, objective: float, reason: Reason | None = None, **changes: Any) -> Trial:
    """Return a trial with another objective, and another reason if one is given; `changes` are fields of the trial."""
    assert trial.evaluation is not None
    score = replace(trial.score, objective=objective, reason=reason or trial.score.reason)
    return replace(trial, evaluation=replace(trial.evaluation, score=score), **changes)


def timed_trial(place: int, *, gpus: int = 4, pause: float = 0.0, objective: float = 0.1) -> Trial:
    """Return a trial of one second, on one of `gpus` that take turns."""
    started = START + timedelta(seconds=(1 + pause) * (place // gpus))
    return Trial(
        number=place,
        state=TicketState.DONE,
        params=completed({}, MaskPolicy.MAX_OFFSET),
        attempts=1,
        evaluation=Evaluation(Score(objective, 100, 0.1, Reason.OK), (0.4, 0.1, 0.2), (False, False, False)),
        sample_size=1000,
        mask_policy=MaskPolicy.MAX_OFFSET,
        node="rig",
        gpu=place % gpus,
        worker_sha256="a" * 64,
        pool_sha256="b" * 64,
        started_at=started.isoformat(),
        finished_at=(started + timedelta(seconds=1)).isoformat(),
        seconds=1.0,
    )
