"""The search engines, one row each: how configs are chosen, and what that means for a run.

An engine is a member of `SearchEngine` and a row of `traits_of`; one that samples has its sampler in
`search/sampler.py`. Nothing else asks which engine it is: it asks the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scorer_core.errors import assert_never
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy


class SearchEngine(StrEnum):
    """How configs are chosen."""

    SWEEP = "sweep"
    TPE = "tpe"
    RANDOM = "random"


@dataclass(frozen=True)
class EngineTraits:
    """What is particular to one engine.

    `unit` names a ticket. `learns`: a lane reads what other trials gave before it chooses; else the ledger may
    choose when a ticket is claimed. `walks_grid`: a ticket is a shard of the space, and the answer is the optimum;
    with a shard missing it proves nothing. `completion` is the share of the budget that must complete unless a conf
    says another. `refuses` are the keys of a conf that would have no effect, with the reason.
    """

    words: str
    unit: str = "trial"
    learns: bool = False
    walks_grid: bool = False
    completion: float = 0.95
    refuses: Mapping[str, str] = field(default_factory=dict)

    def budget(self, policy: MaskPolicy, pinned: Params, slots: int) -> int:
        """Return how many tickets a run has on so many slots unless a conf says a number; `pinned` is not searched."""
        if not self.walks_grid:
            return SAMPLED_TRIALS
        from scorer_core.scoring.sweep.shards import shard_count  # numpy, which a form or a help text needs not

        return shard_count(policy, pinned, slots)


SAMPLED_TRIALS = 100
"""The budget of an engine that samples, unless a conf says another."""


def traits_of(engine: SearchEngine) -> EngineTraits:
    """Return the row of an engine."""
    if engine is SearchEngine.SWEEP:
        return _SWEEP
    if engine is SearchEngine.TPE:
        return _TPE
    if engine is SearchEngine.RANDOM:
        return _RANDOM
    assert_never(engine)


def in_words() -> str:
    """Return what each engine does, in one sentence for a form."""
    return ", ".join(f"{engine} {traits_of(engine).words}" for engine in SearchEngine)


def samplers() -> str:
    """Return the names of the engines that sample, for people."""
    return " or ".join(engine.value for engine in SearchEngine if not traits_of(engine).walks_grid)


_SWEEP = EngineTraits(
    words="tries them all",
    unit="shard",
    walks_grid=True,
    completion=1.0,
    refuses={
        "n_trials": "a sweep tries every config, in as many shards as that takes",
        "seed": "a sweep tries every config and draws nothing",
    },
)
_TPE = EngineTraits(words="learns from finished trials", learns=True)
_RANDOM = EngineTraits(words="does not")
