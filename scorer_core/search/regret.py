"""Regret: by how much a search that samples fell short of the optimum that a sweep knows, on the very same rows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scorer_core.context import RunContext
from scorer_core.engines import SearchEngine
from scorer_core.errors import SettingsError
from scorer_core.ledger.records import RunRecord
from scorer_core.run.folder import RunFiles

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, ArithmeticError, RecursionError, SettingsError)


@dataclass(frozen=True)
class Answer:
    """What one run found on a pool: the best objective on all rows of what it tried.

    It is the optimum when no config of the space is better, because the search tried them all. `run_id` None is
    what the head found for a run, beside its verdict.
    """

    run_id: str | None
    search: SearchEngine
    objective: float
    is_optimum: bool


def regret(own: Answer, others: Iterable[Answer]) -> dict[str, Any] | None:
    """Compare a run's answer with those of other runs on the same rows and mask policy.

    A sweep is compared with the best answer of any sampling search, any other search with a sweep's.
    None while there is nothing to compare with: regret needs both.
    """
    swept = own.is_optimum
    rivals = [answer for answer in others if answer.is_optimum is not swept]
    rival = max(rivals, key=lambda answer: (answer.objective, answer.run_id or ""), default=None)
    if rival is None:
        return None
    optimum, sampled = (own, rival) if swept else (rival, own)
    return {
        "optimum": {"run_id": optimum.run_id, "objective": optimum.objective},
        "sampled": {"run_id": sampled.run_id, "search": sampled.search.value, "objective": sampled.objective},
        "regret": optimum.objective - sampled.objective,
    }


def known_regret(context: RunContext) -> dict[str, Any] | None:
    """Return by how much sampling fell short of the optimum on this run's rows; None unless both are known.

    What release 0.1.0 found is left out: it searched a part of the rows.
    """
    run, own = context.record, _answer_of(context.record)
    if own is None:
        return None
    known = _optimum_beside(context.files)
    if known is not None:
        return regret(own, [known])
    others = (
        _answer_of(other)
        for other in context.ledger.runs()
        if other.run_id != run.run_id
        and (other.pool_content, other.spec.mask_policy) == (run.pool_content, run.spec.mask_policy)
    )
    return regret(own, [answer for answer in others if answer is not None])


def _optimum_beside(files: RunFiles) -> Answer | None:
    """Return the optimum that the head found after the verdict, None unless it did."""
    try:
        found = files.evidence.read_json()["optimum"]
        return found and Answer(None, SearchEngine.SWEEP, _number(found["objective"]), is_optimum=True)
    except _UNREADABLE:
        return None


def _answer_of(run: RunRecord) -> Answer | None:
    """Return a run's answer, unless it has none, or its files cannot be read any more."""
    try:
        best = _number(RunFiles.at(run.folder).verdict.read_json()["best_objective"])
        return Answer(run.run_id, run.spec.search, best, run.spec.finds_optimum)
    except _UNREADABLE:
        return None


def _number(value: object) -> float:
    """Return a number of a run's file; raises TypeError or ValueError for anything else."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no number.")
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is no number.")
    return value
