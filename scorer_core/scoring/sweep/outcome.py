"""What a sweep answers: its best configs, those that nothing beats in evidence, and how many were rejected for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scorer_core.scoring.objective import REJECTED
from scorer_core.scoring.params import Params, ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS, objective_params
from scorer_core.scoring.sweep.layout import SHARE_ONE
from scorer_core.scoring.sweep.scopes import SCOPES
from scorer_core.scoring.tail import evidence, largest_lift

TOP = 10


@dataclass(frozen=True)
class Ranked:
    """One config of the grid, a value for each parameter that the objective sees, and what it came to in one scope.

    `kept` and `minority_kept` are rows; `shares` is the sum over the kept rows of their Step 1 trial's minority
    share, in 1 / SHARE_ONE.
    """

    values: tuple[ParamValue, ...]
    objective: float
    kept: int
    minority_kept: int
    shares: int

    @property
    def order(self) -> tuple[Any, ...]:
        """Return the key to sort by: best first, ties by smaller moduli, then by smaller reach."""
        return (-self.objective, *self.values)

    @property
    def expected(self) -> float:
        """Return how many minority rows chance would keep, given the Step 1 trials of the kept rows."""
        return self.shares / SHARE_ONE

    @property
    def evidence(self) -> float:
        """Return, in nats, how small a bound there is of the chance to keep so many minority rows: 0 says nothing."""
        return evidence(self.kept, self.minority_kept, self.expected)

    @property
    def largest_lift(self) -> float:
        """Return the 95 % upper bound of the lift."""
        return largest_lift(self.kept, self.minority_kept, self.expected)

    def params(self, policy: MaskPolicy) -> Params:
        """Return every parameter: what the objective does not see has its documented default."""
        return {**dict(zip(objective_params(policy), self.values, strict=True)), **UNSEEN_DEFAULTS}

    def to_json(self) -> list[Any]:
        """Return a JSON list; `from_json` reads it back."""
        return [*self.values, self.objective, self.kept, self.minority_kept, self.shares]

    @classmethod
    def from_json(cls, record: Iterable[Any]) -> Ranked:
        """Build it from what `to_json` gave."""
        *values, objective, kept, minority_kept, shares = record
        return cls(tuple(values), objective, kept, minority_kept, shares)


Front = tuple[Ranked, ...]
"""Accepted configs of which none is beaten in both objective and evidence: by falling evidence, rising objective."""


@dataclass(frozen=True)
class ShardOutcome:
    """What sweeping some configs gave.

    `top` are the best TOP configs at most, best first; when none is accepted it holds the first
    config in the order of ties alone. `counts` says how many configs ended with each reason.
    `fronts` has a front for each scope: all rows, then the rows outside each fold.
    `widest` is, of the accepted configs that keep a tenth of the rows or more, the one whose lift may be the largest.
    """

    configs: int
    counts: Mapping[str, int]
    top: tuple[Ranked, ...]
    fronts: tuple[Front, ...] = ((),) * SCOPES
    widest: Ranked | None = None

    @property
    def best(self) -> Ranked:
        """Return the best config."""
        return self.top[0]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; `from_json` reads it back."""
        return {
            "objective": self.best.objective,
            "configs": self.configs,
            "counts": dict(self.counts),
            "top": [one.to_json() for one in self.top],
            "fronts": [[one.to_json() for one in front] for front in self.fronts],
            "widest": self.widest and self.widest.to_json(),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ShardOutcome:
        """Build an outcome from what `to_json` gave."""
        widest = record["widest"]
        return cls(
            record["configs"],
            record["counts"],
            tuple(Ranked.from_json(one) for one in record["top"]),
            tuple(tuple(Ranked.from_json(one) for one in front) for front in record["fronts"]),
            widest and Ranked.from_json(widest),
        )


def merge(outcomes: Iterable[ShardOutcome]) -> ShardOutcome:
    """Return the outcome of several shards together, whatever their cut and order."""
    configs, counts, top = 0, Counter[str](), list[Ranked]()
    fronts = [list[Ranked]() for _ in range(SCOPES)]
    wide = list[Ranked]()
    for outcome in outcomes:
        configs += outcome.configs
        counts.update(outcome.counts)
        top.extend(outcome.top)
        wide.extend([outcome.widest] if outcome.widest else [])
        for front, more in zip(fronts, outcome.fronts, strict=True):
            front.extend(more)
    accepted = [one for one in top if one.objective > REJECTED] or sorted(top, key=lambda one: one.order)[:1]
    return ShardOutcome(
        configs,
        dict(counts),
        tuple(sorted(accepted, key=lambda one: one.order)[:TOP]),
        tuple(front_of(front) for front in fronts),
        widest_of(wide),
    )


def front_of(configs: Iterable[Ranked]) -> Front:
    """Return those that no other beats: in evidence, in objective, or by the order of ties where both are the same."""
    front: list[Ranked] = []
    for one in sorted(configs, key=lambda one: (-one.evidence, *one.order)):
        if not front or one.objective > front[-1].objective:
            front.append(one)
    return tuple(front)


def widest_of(configs: Iterable[Ranked]) -> Ranked | None:
    """Return the config whose lift may be the largest, ties by smaller values."""
    return min(configs, key=lambda one: (-one.largest_lift, *one.values), default=None)
