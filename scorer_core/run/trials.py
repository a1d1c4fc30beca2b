"""A trial at the end of its run: one record from the ledger to the report, and its file, trials.jsonl."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from scorer_core.errors import RunNotFound, assert_never
from scorer_core.run.folder import UNREADABLE, RunFiles
from scorer_core.scoring.objective import Reason, Score
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from scorer_core.scoring.trial import Evaluation, TrialRequest

_BY = ("node", "gpu", "worker_sha256", "pool_sha256", "started_at", "finished_at", "seconds")


class TicketState(StrEnum):
    """The life of a ticket: open → leased → done or failed."""

    OPEN = "open"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Say whether a run waits for such a ticket no more."""
        match self:
            case TicketState.OPEN | TicketState.LEASED:
                return False
            case TicketState.DONE | TicketState.FAILED:
                return True
            case _:
                assert_never(self)


class FailureKind(StrEnum):
    """How an attempt failed."""

    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"

    @property
    def speaks_against(self) -> bool:
        """Say whether such a failure speaks against the trial and the rig; a link may just drop."""
        match self:
            case FailureKind.FAILED | FailureKind.TIMED_OUT:
                return True
            case FailureKind.LOST:
                return False
            case _:
                assert_never(self)


@dataclass(frozen=True)
class Failure:
    """One failed attempt at a ticket."""

    number: int
    lane: str
    outcome: FailureKind
    error: str


@dataclass(frozen=True)
class Trial:
    """One ticket, and what its result says of itself.

    `params` is empty when none were chosen. From `evaluation` on a trial has what its result has, and
    without a result nothing: `sample_size` None means all rows, but only in a result. `journalled_on`
    are the nodes whose journals hold the result; moments are ISO 8601, by the rig's clock.
    """

    number: int
    state: TicketState
    params: Params
    attempts: int = 0
    failures: tuple[Failure, ...] = ()
    journalled_on: tuple[str, ...] = ()
    error: str | None = None
    evaluation: Evaluation | None = None
    sample_size: int | None = None
    mask_policy: MaskPolicy | None = None
    node: str = ""
    gpu: int = 0
    worker_sha256: str | None = None
    pool_sha256: str | None = None
    started_at: str = ""
    finished_at: str = ""
    seconds: float = 0.0

    @classmethod
    def done(cls, request: TrialRequest, evaluation: Evaluation, worker_sha256: str, pool_sha256: str) -> Trial:
        """Return a trial that ended with this evaluation, nobody says where or when."""
        return cls(
            number=request.trial_number,
            state=TicketState.DONE,
            params=request.params,
            attempts=1,
            evaluation=evaluation,
            sample_size=request.sample_size,
            mask_policy=request.mask_policy,
            worker_sha256=worker_sha256,
            pool_sha256=pool_sha256,
        )

    @property
    def score(self) -> Score:
        """Return the score of the result; raises ValueError without one."""
        if self.evaluation is None:
            raise ValueError(f"trial {self.number} has no result.")
        return self.evaluation.score

    @property
    def objective(self) -> float | None:
        """Return the objective, None without a result."""
        return None if self.evaluation is None else self.evaluation.score.objective

    @property
    def reason(self) -> Reason | None:
        """Return why the trial has its objective, None without a result."""
        return None if self.evaluation is None else self.evaluation.score.reason

    @property
    def has_result(self) -> bool:
        """Say whether the trial is done and its objective is a number: only then does it count."""
        return self.state is TicketState.DONE and self.objective is not None and math.isfinite(self.objective)

    @property
    def accepted(self) -> bool:
        """Say whether the trial counts and the objective did not reject its mask."""
        return self.has_result and self.reason is Reason.OK

    def to_json(self) -> dict[str, Any]:
        """Return a line of trials.jsonl; the fields are listed in docs/data-contracts.md."""
        record: dict[str, Any] = {
            "number": self.number,
            "state": self.state.value,
            "attempts": self.attempts,
            "failures": [asdict(failure) for failure in self.failures],
            "journalled_on": list(self.journalled_on),
            "params": dict(self.params) or None,
            "error": self.error,
        }
        if self.evaluation is not None:
            policy = None if self.mask_policy is None else self.mask_policy.value
            record |= {**self.evaluation.to_json(), "sample_size": self.sample_size, "mask_policy": policy}
            record |= {name: getattr(self, name) for name in _BY}
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Trial:
        """Build a trial from what `to_json` gave, in this release or one that had fewer parameters.

        Raises:
            KeyError, TypeError, ValueError: the record is none.
        """
        policy = None if record.get("mask_policy") is None else MaskPolicy(record["mask_policy"])
        return cls(
            number=record["number"],
            state=TicketState(record["state"]),
            params=completed(record["params"] or {}, policy) if policy else record["params"] or {},
            attempts=record["attempts"],
            failures=tuple(Failure(**{**one, "outcome": FailureKind(one["outcome"])}) for one in record["failures"]),
            journalled_on=tuple(record["journalled_on"]),
            error=record["error"],
            evaluation=Evaluation.from_json(record) if "objective" in record else None,
            sample_size=record.get("sample_size"),
            mask_policy=policy,
            **{name: record[name] for name in _BY if name in record},
        )


def write_trials(files: RunFiles, trials: Iterable[Trial]) -> None:
    """Write trials.jsonl, one line a trial."""
    files.trials.write_json_lines([trial.to_json() for trial in trials])


def read_trials(files: RunFiles) -> list[Trial]:
    """Return the trials of a run that was collected.

    Raises:
        RunNotFound: the run was not collected yet.
        RunError: the file cannot be read.
    """
    try:
        return [Trial.from_json(record) for record in files.trials.read_json_lines()]
    except FileNotFoundError:
        raise RunNotFound(
            f"{files.location}: the run was not collected yet; there is no {files.trials.name}."
        ) from None
    except UNREADABLE as error:
        raise files.trials.unreadable(error) from None
