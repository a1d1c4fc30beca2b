"""What a health check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from scorer_core.rig.health.place import Place


class Phase(str, Enum):
    """When a check is made."""

    DEPLOY = "deploy"
    LANE = "lane"
    """Before a lane's first ticket."""
    RUN = "run"
    """While a lane works, with its heartbeat: of one GPU, and cheap."""
    BETWEEN = "between"
    """Between runs, or when somebody asks."""


class Scope(str, Enum):
    """What a check is about, and what it drains."""

    GPU = "gpu"
    NODE = "node"


class State(str, Enum):
    """What came of a check."""

    OK = "ok"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    """Nobody knows: what was asked gave no answer in time, or none that can be read."""


class Severity(str, Enum):
    """What becomes of a place whose check does not pass."""

    TELL = "tell"
    DRAIN = "drain"
    """Drained when it failed; when it is unreadable it is told."""
    DRAIN_UNREADABLE = "drain unless ok"
    """Drained also when nobody knows: what hangs would hang the worker, too."""

    def drains(self, state: State) -> bool:
        """Say whether a check of this severity drains its place in a state."""
        if self is Severity.TELL or state is State.OK:
            return False
        return state is State.FAILED or self is Severity.DRAIN_UNREADABLE


class Lift(str, Enum):
    """What lifts a drain that a check made."""

    PASSES = "the check passes again"
    HAND = "a person"


class Problem(str, Enum):
    """Whose problem it is when a check does not pass."""

    OPERATOR = "operator"
    RIG = "rig"


@dataclass(frozen=True)
class Reading:
    """What a check saw at one place: its state, a short reason where it is not ok, and what was measured."""

    state: State = State.OK
    reason: str = ""
    values: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def judged(cls, fault: str | None, **values: float) -> Reading:
        """Return a reading that failed for a reason, or is ok without one."""
        return cls(State.FAILED, fault, values) if fault else cls(values=values)


@dataclass(frozen=True)
class HealthCheck:
    """One question about a rig, and what follows from the answer.

    `limit_s` holds also where the look cannot be ended: the check is then unreadable. `look` is given the place, and
    the number of the GPU where the scope is one; it is None for what only the head can see. `hint` says what to do.
    """

    name: str
    phases: tuple[Phase, ...]
    severity: Severity
    limit_s: float
    scope: Scope
    lifted_by: Lift
    problem_of: Problem
    hint: str
    look: Callable[[Place, int], Reading] | None = None


@dataclass(frozen=True)
class Finding:
    """A reading with its check's name, and its GPU where it is of one."""

    check: str
    gpu: int | None
    state: State
    reason: str = ""
    values: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, check: str, gpu: int | None, reading: Reading) -> Finding:
        """Return what a check read at a place."""
        return cls(check, gpu, reading.state, reading.reason, reading.values)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return {**vars(self), "state": self.state.value, "values": dict(self.values)}
