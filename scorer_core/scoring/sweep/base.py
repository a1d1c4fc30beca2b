"""What a sweep knows of a grid before it looks at any `residue_mod_3`: counts of V₁∧V₂, who looks good by them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from scorer_core.scoring.objective import combine
from scorer_core.scoring.sweep.bars import WIDE_KEEP
from scorer_core.scoring.sweep.candidates import Candidates, Indices
from scorer_core.scoring.sweep.counter import GridCounter
from scorer_core.scoring.sweep.coverage import Coverage
from scorer_core.scoring.sweep.grid import Grid
from scorer_core.scoring.sweep.layout import SHARE_ONE
from scorer_core.scoring.sweep.part import Part, Where
from scorer_core.scoring.sweep.rows import Float64, SweepRows
from scorer_core.scoring.sweep.scopes import SCOPES, Scope, by_scope
from scorer_core.scoring.sweep.voters import Voters
from scorer_core.scoring.tail import evidences

PILOTS = 24


class Base:
    """Counts parts of a grid; `grid` may be any that differs in `residue_mod_3` alone."""

    def __init__(self, rows: SweepRows, grid: Grid, scopes: tuple[Scope, ...], coverage: Coverage) -> None:
        self.rows, self.scopes, self.coverage = rows, scopes, coverage
        self._counter = GridCounter(rows, grid)
        self.dtype = self._counter.dtype
        chosen = self._counter.chosen
        self.lines_1, self.lines_2, self.reaches = chosen.lines_1, chosen.lines_2, chosen.reaches
        self._pairs = self._counter.pairs()
        self._quick_shares = self._pairs.shares.astype(self.dtype)
        self._pairs_kept = by_scope(self._pairs.counts[:, 0].astype(np.int64), axis=1)
        self._covered = np.full((len(self.lines_1), len(self.lines_2), SCOPES, len(self.reaches)), -1, np.int64)
        self._piloted: dict[tuple[int, int], Where] = {}
        self._fewest, self._most, self._trials = (
            np.array([getattr(scope, name) for scope in scopes]) for name in ("fewest", "most", "trials")
        )

    def part(self, voters: Voters, place_3: int, first: int, last: int) -> Part:
        """Count all configs with the voters of one `residue_mod_3`, from one reach of the grid up to another."""
        third = self._counter.third(voters, self.reaches[first:last])
        counts = by_scope(self._pairs.counts[first:last] + third.counts, axis=2)
        shares = by_scope(self._quick_shares[first:last] + third.shares.astype(self.dtype), axis=1)
        exact = self._pairs.shares[first:last], third.shares
        return Part(voters, place_3, first, counts[:, 0], counts[:, 1], shares, exact)

    def candidates(self, part: Part, where: Where) -> Candidates:
        """Return those configs of a part at `where`, (reach, scope, mods_1, mods_2), that their scope accepts."""
        kept = part.kept[where].astype(np.int64)
        accepted = (kept >= self._fewest[where[1]]) & (kept <= self._most[where[1]])
        reach, scope, one, two = where = tuple(axis[accepted] for axis in where)
        kept = kept[accepted]
        at_reach = reach + part.first
        self._cover(one, two)
        fewest = self._covered[one, two, scope, at_reach]
        most = np.minimum(kept, self._trials[scope])
        if self.coverage.exact:
            most = np.minimum(most, fewest + kept - self._pairs_kept[at_reach, scope, one, two])
        return Candidates(
            scope,
            (one, two, np.full_like(one, part.place_3), at_reach),
            kept,
            part.minority[where].astype(np.int64),
            part.shares_at(where),
            fewest,
            np.maximum(fewest, most),
        )

    def _cover(self, one: Indices, two: Indices) -> None:
        """Find out how many Step 1 trials some pairs of moduli cover by V₁∧V₂, at least, where it is not known yet."""
        unknown = self._covered[one, two, 0, 0] < 0
        for row, column in {*zip(one[unknown].tolist(), two[unknown].tolist(), strict=True)}:
            covered = self.coverage.covered(self.lines_1[row], self.lines_2[column])
            self._covered[row, column] = covered[:, list(self.reaches)]

    def pilots(self, first: int, last: int) -> Where:
        """Return (reach, scope, mods_1, mods_2) of configs that look good by V₁∧V₂; reaches count from `first`."""
        if (first, last) not in self._piloted:
            self._piloted[first, last] = self._best_looks(first, last)
        return self._piloted[first, last]

    def _best_looks(self, first: int, last: int) -> Where:
        looks = self._looks[:, :, first:last]
        flat = looks.reshape(*looks.shape[:2], -1)
        few = min(PILOTS, flat.shape[2])
        best = np.argpartition(-flat, few - 1, axis=2)[..., :few]
        scope, place = np.unique(
            [(number, at) for look in best for number, ats in enumerate(look) for at in ats], axis=0
        ).T
        reach, one, two = np.unravel_index(place, looks.shape[2:])
        return reach, scope, one, two

    @cached_property
    def _looks(self) -> Float64:
        """Return objective, evidence and lift by V₁∧V₂ alone: shape (3, SCOPES, reaches, mods_1, mods_2)."""
        counts = by_scope(self._pairs.counts.astype(np.float64), axis=2)
        shares = by_scope(self._pairs.shares, axis=1)
        found = []
        for number, scope in enumerate(self.scopes):
            kept, minority, expected = counts[:, 0, number], counts[:, 1, number], shares[:, number] / SHARE_ONE
            accepted = (kept >= scope.fewest) & (kept <= scope.most)
            some, more = np.where(accepted, kept, 1.0), np.where(accepted, minority, 0.0)
            whole, least = np.array(float(scope.rows)), np.array(float(scope.minority))
            objective = combine(whole, least, some, more, np.minimum(some / max(scope.trials, 1), 1.0))
            lift = np.where(kept >= WIDE_KEEP * scope.rows, minority / np.maximum(expected, 1.0), 0.0)
            looks = objective, evidences(kept, minority, expected), lift
            found.append([np.where(accepted, look, -np.inf) for look in looks])
        return np.array(found).swapaxes(0, 1)
