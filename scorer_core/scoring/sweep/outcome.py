"""What a sweep answers: its best configs, and how many were accepted or rejected for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scorer_core.scoring.objective import REJECTED
from scorer_core.scoring.params import Params, ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params

TOP = 100


@dataclass(frozen=True)
class Ranked:
    """One config of the grid, a value for each parameter that the objective sees, and its objective on all rows."""

    values: tuple[ParamValue, ...]
    objective: float

    @property
    def order(self) -> tuple[Any, ...]:
        """Return the key to sort by: best first, ties by smaller moduli, then by smaller reach."""
        return (-self.objective, *self.values)

    def params(self, policy: MaskPolicy) -> Params:
        """Return the parameters that the objective sees, by name."""
        return dict(zip(objective_params(policy), self.values, strict=True))


@dataclass(frozen=True)
class ShardOutcome:
    """What sweeping some configs gave.

    `top` are the best TOP configs at most, best first; when none is accepted it holds the first
    config in the order of ties alone. `counts` says how many configs ended with each reason.
    """

    configs: int
    counts: Mapping[str, int]
    top: tuple[Ranked, ...]

    @property
    def best(self) -> Ranked:
        """Return the best config."""
        return self.top[0]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; `from_json` reads it back."""
        top = [[*one.values, one.objective] for one in self.top]
        return {"objective": self.best.objective, "configs": self.configs, "counts": dict(self.counts), "top": top}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ShardOutcome:
        """Build an outcome from what `to_json` gave."""
        top = (Ranked(tuple(values), objective) for *values, objective in record["top"])
        return cls(record["configs"], record["counts"], tuple(top))


def merge(outcomes: Iterable[ShardOutcome]) -> ShardOutcome:
    """Return the outcome of several shards together, whatever their cut and order."""
    configs, counts, top = 0, Counter[str](), list[Ranked]()
    for outcome in outcomes:
        configs += outcome.configs
        counts.update(outcome.counts)
        top.extend(outcome.top)
    accepted = [one for one in top if one.objective > REJECTED] or sorted(top, key=lambda one: one.order)[:1]
    return ShardOutcome(configs, dict(counts), tuple(sorted(accepted, key=lambda one: one.order)[:TOP]))
