"""What a sweep answers: its best configs, and how many were accepted or rejected for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scorer_core.scoring.objective import REJECTED
from scorer_core.scoring.space import UNSEEN_DEFAULTS, MaskPolicy, Params

TOP = 100


@dataclass(frozen=True)
class Ranked:
    """One config of the grid and its objective on all rows; `reach` is its max_offset or keep_fraction."""

    residue_mod_1: int
    residue_mod_2: int
    residue_mod_3: int
    reach: float
    objective: float

    @property
    def order(self) -> tuple[float, ...]:
        """Return the key to sort by: best first, ties by smaller moduli, then by smaller reach."""
        return (-self.objective, self.residue_mod_1, self.residue_mod_2, self.residue_mod_3, self.reach)

    def with_objective(self, objective: float) -> Ranked:
        """Return the config with its objective."""
        return replace(self, objective=objective)

    def params(self, policy: MaskPolicy) -> Params:
        """Return all eleven parameters: what the objective does not see has its documented default."""
        moduli = {f"residue_mod_{d}": int(getattr(self, f"residue_mod_{d}")) for d in (1, 2, 3)}
        reach = int(self.reach) if policy is MaskPolicy.MAX_OFFSET else float(self.reach)
        return {**moduli, policy.value: reach, **UNSEEN_DEFAULTS}


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
        top = [[one.residue_mod_1, one.residue_mod_2, one.residue_mod_3, one.reach, one.objective] for one in self.top]
        return {"objective": self.best.objective, "configs": self.configs, "counts": dict(self.counts), "top": top}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ShardOutcome:
        """Build an outcome from what `to_json` gave."""
        return cls(record["configs"], record["counts"], tuple(Ranked(*entry) for entry in record["top"]))


def merge(outcomes: Iterable[ShardOutcome]) -> ShardOutcome:
    """Return the outcome of several shards together, whatever their cut and order."""
    configs, counts, top = 0, Counter[str](), list[Ranked]()
    for outcome in outcomes:
        configs += outcome.configs
        counts.update(outcome.counts)
        top.extend(outcome.top)
    accepted = [one for one in top if one.objective > REJECTED] or sorted(top, key=lambda one: one.order)[:1]
    return ShardOutcome(configs, dict(counts), tuple(sorted(accepted, key=lambda one: one.order)[:TOP]))
