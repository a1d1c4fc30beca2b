"""The tests that all configs of a shard go through, against the best that the shard is known to hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.objective import REJECTED, combine
from scorer_core.scoring.sweep.bars import (
    BINS,
    WIDE_KEEP,
    Bar,
    bin_of,
    bin_width,
    may_have_evidence,
    may_have_lift,
    minority_needed,
)
from scorer_core.scoring.sweep.candidates import MARGIN, Candidates
from scorer_core.scoring.sweep.layout import SHARE_ONE
from scorer_core.scoring.sweep.outcome import TOP
from scorer_core.scoring.sweep.part import Part, Where
from scorer_core.scoring.sweep.rows import Bulk
from scorer_core.scoring.sweep.scopes import ALL_ROWS, SCOPES, Scope
from scorer_core.scoring.sweep.stairs import Stairs
from scorer_core.scoring.tail import evidences, largest_lift

_WIDE = 4
"""Configs whose largest lift is computed to raise that bar."""


_FEW = 1024
"""Configs of a part that are not worth a closer look."""
_NEARLY = 4e-6
"""More than sums of shares in float32, relative to them, can be off by."""


class Sieve:
    """Holds the bars of each scope, and lets pass what may clear one."""

    def __init__(self, scopes: tuple[Scope, ...], dtype: type[np.floating]) -> None:
        self._scopes, self._dtype = scopes, dtype
        self._bars = [Bar()] * SCOPES
        self._stairs = [Stairs() for _ in scopes]
        self._known: list[Candidates] = []
        self._lift = 0.0
        self._reached = np.empty(0)
        self._widths = self._each([bin_width(scope) for scope in scopes])
        self._fewest = self._each([scope.fewest for scope in scopes])
        self._most = self._each([scope.most for scope in scopes])
        self._bins = (BINS + 1) * np.arange(SCOPES, dtype=np.int32)[:, None, None]

    def raise_bars(self, known: Candidates) -> None:
        """Take what some configs of the shard, each given once, reach at least."""
        self.learn(known)
        for number, scope in enumerate(self._scopes):
            of_scope = known.some(known.scope == number)
            if not len(of_scope):
                continue
            at_least = of_scope.objectives(scope, of_scope.fewest) - MARGIN
            lead = int(np.argmax(at_least))
            if at_least[lead] > self._bars[number].objective:
                reached = float(at_least[lead])
                self._bars[number] = Bar(reached, float(of_scope.evidence()[lead]) - MARGIN, wanted=reached)
            if number == ALL_ROWS:
                self._reached = np.append(self._reached, at_least)
                self._raise_lift(of_scope)
        tenth = float(np.partition(self._reached, -TOP)[-TOP]) if len(self._reached) >= TOP else REJECTED
        self._bars[ALL_ROWS] = replace(self._bars[ALL_ROWS], wanted=tenth)
        self._needed = minority_needed(self._scopes, self._bars).ravel()
        self._evidence = self._each([bar.evidence for bar in self._bars])

    def passing(self, part: Part) -> NDArray[np.bool_]:
        """Say which configs may be among the best or on a front: shape (reaches, SCOPES, mods_1, mods_2)."""
        kept = part.kept
        expected = part.shares * self._dtype(1 / SHARE_ONE)
        surprising = may_have_evidence(kept, part.minority, expected, self._evidence)
        surprising &= kept >= self._fewest
        surprising &= kept <= self._most
        surprising |= part.minority >= self._needed.take(bin_of(kept, self._widths) + self._bins)
        return surprising

    def unbeaten(self, part: Part, where: Where) -> Where:
        """Return those configs at `where` that may be among the best, or that no known one beats in both."""
        scope = where[1]
        if len(scope) <= _FEW:
            return where
        self._look_at_known()
        counts = part.kept[where].astype(np.float64), part.minority[where].astype(np.float64)
        expected = part.shares[where].astype(np.float64) / SHARE_ONE * (1 - _NEARLY)
        left = np.zeros(len(scope), np.bool_)
        for number, of in enumerate(self._scopes):
            some = np.flatnonzero(scope == number)
            kept, minority = (count[some] for count in counts)
            whole = np.array(of.rows, np.float64), np.array(of.minority, np.float64)
            at_most = (
                combine(*whole, np.maximum(kept, 1.0), minority, np.minimum(kept / max(of.trials, 1), 1.0)) + MARGIN
            )
            beaten = self._stairs[number].beat(evidences(kept, minority, expected[some]), at_most)
            left[some] = ~beaten | (at_most >= self._bars[number].wanted)
        return tuple(axis[left] for axis in where)

    def learn(self, known: Candidates) -> None:
        """Take what some configs of the shard reach at least, to beat others in objective and evidence at once."""
        self._known.append(known)

    def _look_at_known(self) -> None:
        if not self._known:
            return
        known = Candidates.joined(self._known)
        self._known = []
        for number, scope in enumerate(self._scopes):
            of_scope = known.some(known.scope == number)
            if len(of_scope):
                self._stairs[number].add(of_scope.evidence(), of_scope.objectives(scope, of_scope.fewest) - MARGIN)

    def passing_lift(self, part: Part) -> NDArray[np.bool_]:
        """Say which configs may have the largest lift: shape (reaches, mods_1, mods_2)."""
        kept, minority = part.kept[:, ALL_ROWS], part.minority[:, ALL_ROWS]
        expected = part.shares[:, ALL_ROWS] * self._dtype(1 / SHARE_ONE)
        scope = self._scopes[ALL_ROWS]
        wide = (kept >= WIDE_KEEP * scope.rows) & (kept <= scope.most)
        return np.asarray(wide & may_have_lift(kept, minority, expected, self._lift), dtype=np.bool_)

    def _raise_lift(self, known: Candidates) -> None:
        wide = known.some((known.kept >= WIDE_KEEP * self._scopes[ALL_ROWS].rows) & (known.shares > 0))
        lifts = wide.minority / (wide.shares / SHARE_ONE)
        for index in np.argsort(-lifts)[:_WIDE]:
            counts = int(wide.kept[index]), int(wide.minority[index])
            self._lift = max(self._lift, largest_lift(*counts, float(wide.shares[index]) / SHARE_ONE))

    def _each(self, values: list[float]) -> Bulk:
        return np.array(values, self._dtype)[:, None, None]
