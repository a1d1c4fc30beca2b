"""One shard being swept: configs are counted and tested, those that pass collect, the answer is among them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from scorer_core.scoring.objective import REJECTED, Reason, by_reason, rejection
from scorer_core.scoring.policies import rules_of
from scorer_core.scoring.sweep.base import Base
from scorer_core.scoring.sweep.candidates import Candidates, Exact, best_of, front_among
from scorer_core.scoring.sweep.exact import Scorer
from scorer_core.scoring.sweep.grid import Grid
from scorer_core.scoring.sweep.outcome import Ranked, ShardOutcome, widest_of
from scorer_core.scoring.sweep.part import Part, places_of
from scorer_core.scoring.sweep.scopes import ALL_ROWS
from scorer_core.scoring.sweep.sieve import Sieve
from scorer_core.scoring.sweep.voters import Voters, voters_of


class Shard:
    """Walks a grid, one `residue_mod_3` after another."""

    def __init__(self, base: Base, grid: Grid) -> None:
        self._base, self._grid = base, grid
        self._sieve = Sieve(base.scopes, base.dtype)
        self._tally = Counter[str]({reason.value: 0 for reason in Reason})
        self._found: list[Candidates] = []
        self._wide: list[Candidates] = []
        self._voters: list[Voters] = []
        self._first: Ranked | None = None

    def walk(self, place_3: int, modulus: int) -> None:
        """Count and test all configs with one value of `residue_mod_3`."""
        reaches = len(self._base.reaches)
        self._voters.append(voters_of(self._base.rows, modulus, self._base.reaches[-1]))
        span = rules_of(self._grid.policy).span or reaches
        for first in range(0, reaches, span):
            part = self._base.part(self._voters[-1], place_3, first, min(first + span, reaches))
            self._take(part)
            left = reaches - first - len(part)
            if left and self._too_many_for_good(part):
                self._tally[Reason.KEEP_TOO_HIGH.value] += left * part.kept[0, ALL_ROWS].size
                break

    def outcome(self) -> ShardOutcome:
        """Return the answer."""
        found = Candidates.joined(self._found)
        top: list[Ranked] = []
        fronts = []
        for number, scope in enumerate(self._base.scopes):
            candidates = found.some(found.scope == number)
            exact = self._scorer(candidates)
            if number == ALL_ROWS:
                top = best_of(candidates, scope, exact)
            fronts.append(front_among(candidates, scope, exact))
        wide = Candidates.joined(self._wide)
        exact = self._scorer(wide)
        widest = widest_of(exact(int(index)) for index in wide.widest())
        first = [self._first] if self._first else []
        return ShardOutcome(self._grid.size, dict(self._tally), tuple(top or first), tuple(fronts), widest)

    def _scorer(self, candidates: Candidates) -> Exact:
        return Scorer(self._base, self._grid, self._voters, candidates)

    def _take(self, part: Part) -> None:
        """Note the reasons of a part's configs, and collect those that pass."""
        base, sieve = self._base, self._sieve
        if self._first is None:
            zero = np.zeros(1, np.intp)
            counts = int(part.kept[0, 0, 0, 0]), int(part.minority[0, 0, 0, 0])
            self._first = Ranked(self._grid.values_at(0), REJECTED, *counts, int(part.shares_at((zero,) * 4)[0]))
        if part.place_3 == 0:
            sieve.raise_bars(base.candidates(part, base.pilots(part.first, part.first + len(part))))
        for reason, masks in by_reason(part.kept[:, ALL_ROWS].astype(np.int64), base.scopes[ALL_ROWS].rows).items():
            self._tally[reason.value] += int(np.count_nonzero(masks))
        found = base.candidates(part, sieve.unbeaten(part, places_of(sieve.passing(part))))
        sieve.learn(found)
        self._found.append(found)
        reach, one, two = places_of(sieve.passing_lift(part))
        self._wide.append(base.candidates(part, (reach, np.full_like(reach, ALL_ROWS), one, two)))

    def _too_many_for_good(self, part: Part) -> bool:
        """Say whether all configs of the part's last reach keep too many rows in each scope: so does a larger reach."""
        fewest = part.kept[-1].min(axis=(1, 2))
        scopes = self._base.scopes
        if rejection(int(fewest[ALL_ROWS]), scopes[ALL_ROWS].rows) is not Reason.KEEP_TOO_HIGH:
            return False
        return all(kept > scope.most for kept, scope in zip(fewest, scopes, strict=True))
