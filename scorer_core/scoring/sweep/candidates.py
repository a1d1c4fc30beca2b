"""The configs of a shard that may be in its answer, and the exact answer found among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.objective import REJECTED, combine
from scorer_core.scoring.sweep.layout import SHARE_ONE
from scorer_core.scoring.sweep.outcome import TOP, Front, Ranked, front_of
from scorer_core.scoring.sweep.scopes import Scope
from scorer_core.scoring.tail import evidences, largest_lifts

MARGIN = 1e-9
"""More than float64 arithmetic in another order can differ by."""
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Candidates:
    """Configs, each in a scope, by arrays of shape (n,).

    `at` has the index of each in the grid's axes; counts are exact; `fewest` and `most` bound the Step 1 trials that
    a config covers.
    """

    scope: Indices
    at: tuple[Indices, ...]
    kept: NDArray[np.int64]
    minority: NDArray[np.int64]
    shares: NDArray[np.int64]
    fewest: NDArray[np.int64]
    most: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kept)

    def some(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Candidates:
        """Return those that an index selects."""
        rest = (self.kept, self.minority, self.shares, self.fewest, self.most)
        return Candidates(
            self.scope[index], tuple(axis[index] for axis in self.at), *(column[index] for column in rest)
        )

    @classmethod
    def joined(cls, parts: list[Candidates]) -> Candidates:
        """Return several together, which must not be none."""
        at = tuple(np.concatenate(axes) for axes in zip(*(part.at for part in parts), strict=True))
        names = ("kept", "minority", "shares", "fewest", "most")
        scope = np.concatenate([part.scope for part in parts])
        return cls(scope, at, *(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def objectives(self, scope: Scope, trials: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the objective of each if it covers so many Step 1 trials."""
        whole, minority = np.array(scope.rows, np.float64), np.array(scope.minority, np.float64)
        counts = self.kept.astype(np.float64), self.minority.astype(np.float64)
        return combine(whole, minority, *counts, trials / max(scope.trials, 1))

    def evidence(self) -> NDArray[np.float64]:
        """Return the evidence of each, in nats."""
        counts = self.kept.astype(np.float64), self.minority.astype(np.float64)
        return evidences(*counts, self.shares / SHARE_ONE)

    def widest(self) -> Indices:
        """Return the indices of those that may have the largest lift, whose last bits arrays may get wrong."""
        if not len(self):
            return np.empty(0, np.intp)
        lifts = largest_lifts(self.kept.astype(np.float64), self.minority.astype(np.float64), self.shares / SHARE_ONE)
        return np.flatnonzero(lifts >= lifts.max() * (1 - MARGIN))


Exact = Callable[[int], Ranked]
"""Scores a candidate, given its index, by the objective itself."""


def best_of(candidates: Candidates, scope: Scope, exact: Exact) -> list[Ranked]:
    """Return the TOP best by objective: scored by falling bound until no other can be among them."""
    bounds = candidates.objectives(scope, candidates.most) + MARGIN
    best: list[Ranked] = []
    for index in np.argsort(-bounds, kind="stable"):
        if len(best) == TOP and bounds[index] < best[-1].objective:
            break
        best = sorted([*best, exact(int(index))], key=lambda one: one.order)[:TOP]
    return best


def front_among(candidates: Candidates, scope: Scope, exact: Exact) -> Front:
    """Return the front of the candidates: scored by falling evidence where the bound of the objective allows."""
    left = _undominated(candidates, scope)
    some = candidates.some(left)
    bounds = some.objectives(scope, some.most) + MARGIN
    scored: list[Ranked] = []
    reached = REJECTED
    for group in _by_falling_evidence(some.evidence()):
        found = [exact(int(left[index])) for index in group if bounds[index] > reached]
        scored += found
        reached = max([reached, *(one.objective for one in found)])
    return front_of(scored)


def _by_falling_evidence(evidence: NDArray[np.float64]) -> Iterator[Indices]:
    """Yield indices, those together whose evidence may be the same."""
    order = np.argsort(-evidence, kind="stable")
    values = evidence[order]
    gaps = np.flatnonzero(values[:-1] - values[1:] > MARGIN * (1 + values[:-1])) + 1
    yield from np.split(order, gaps)


def _undominated(candidates: Candidates, scope: Scope) -> Indices:
    """Return the indices of those that no other surely beats, by the bounds of their objectives."""
    evidence = candidates.evidence()
    order = np.argsort(-evidence, kind="stable")
    at_least = np.maximum.accumulate(candidates.objectives(scope, candidates.fewest)[order] - MARGIN)
    at_most = candidates.objectives(scope, candidates.most)[order] + MARGIN
    more = np.searchsorted(
        -evidence[order], -(evidence[order] + MARGIN * (1 + evidence[order]))
    )  # whose evidence is surely more
    beaten = (more > 0) & (at_least[np.maximum(more - 1, 0)] > at_most)
    return order[~beaten]
