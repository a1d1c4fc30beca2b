"""The search engines, one row each: how configs are chosen, and what that means for a run.

An engine is a member of `SearchEngine` and a row of `traits_of`; one that samples has its sampler in
`search/sampler.py`. Nothing else asks which engine it is: it asks the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scorer_core.errors import assert_never
from scorer_core.scoring.policies import MaskPolicy


class SearchEngine(StrEnum):
    """How configs are chosen."""

    TPE = "tpe"
    RANDOM = "random"
    SWEEP = "sweep"


@dataclass(frozen=True)
class EngineTraits:
    """What is particular to one engine.

    `learns`: a lane reads what other trials gave before it chooses; else the ledger may choose when a ticket is
    claimed. `walks_grid`: a ticket is a shard of the whole space on all rows, and the answer is the optimum; with
    a shard missing it proves nothing.
    """

    words: str
    learns: bool = False
    walks_grid: bool = False

    def own_rules(self, policy: MaskPolicy) -> dict[str, Any]:
        """Return the values of a run's parameters that the engine itself fixes: budget, sample and completion."""
        if not self.walks_grid:
            return {}
        from scorer_core.scoring.sweep.shards import shard_count  # numpy, which a form or a help text needs not

        return {"n_trials": shard_count(policy), "sample_size": None, "min_completion": 1.0}


def traits_of(engine: SearchEngine) -> EngineTraits:
    """Return the row of an engine."""
    if engine is SearchEngine.TPE:
        return _TPE
    if engine is SearchEngine.RANDOM:
        return _RANDOM
    if engine is SearchEngine.SWEEP:
        return _SWEEP
    assert_never(engine)


def in_words() -> str:
    """Return what each engine does, in one sentence for a form."""
    return ", ".join(f"{engine} {traits_of(engine).words}" for engine in SearchEngine)


_TPE = EngineTraits(words="learns from finished trials", learns=True)
_RANDOM = EngineTraits(words="does not")
_SWEEP = EngineTraits(words="tries them all", walks_grid=True)
