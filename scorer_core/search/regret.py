"""Regret: by how much a search that samples fell short of the optimum that a sweep knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scorer_core.spec import SearchEngine


@dataclass(frozen=True)
class Answer:
    """What one run found on a pool's search rows: the objective of its candidate on all of them."""

    run_id: str
    search: SearchEngine
    objective: float


def regret(own: Answer, others: Iterable[Answer]) -> dict[str, Any] | None:
    """Compare a run's answer with those of other runs on the same rows and mask policy.

    A sweep is compared with the best answer of any sampling search, any other search with a sweep's.
    None while there is nothing to compare with: regret needs both.
    """
    swept = own.search is SearchEngine.SWEEP
    rivals = [answer for answer in others if (answer.search is SearchEngine.SWEEP) is not swept]
    rival = max(rivals, key=lambda answer: (answer.objective, answer.run_id), default=None)
    if rival is None:
        return None
    optimum, sampled = (own, rival) if swept else (rival, own)
    return {
        "optimum": {"run_id": optimum.run_id, "objective": optimum.objective},
        "sampled": {"run_id": sampled.run_id, "search": sampled.search.value, "objective": sampled.objective},
        "regret": optimum.objective - sampled.objective,
    }
