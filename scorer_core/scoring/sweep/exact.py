"""The exact objective of a candidate: from its counts, and from the Step 1 trials that it covers."""

from __future__ import annotations

from collections.abc import Sequence

from scorer_core.scoring.counts import Counts
from scorer_core.scoring.objective import score_counts
from scorer_core.scoring.sweep.base import Base
from scorer_core.scoring.sweep.candidates import Candidates
from scorer_core.scoring.sweep.grid import Grid
from scorer_core.scoring.sweep.outcome import Ranked
from scorer_core.scoring.sweep.voters import Voters


class Scorer:
    """Scores candidates by the objective itself, each once."""

    def __init__(self, base: Base, grid: Grid, voters: Sequence[Voters], candidates: Candidates) -> None:
        self._base, self._grid, self._voters = base, grid, voters
        self._candidates = candidates
        self._known: dict[int, Ranked] = {}

    def __call__(self, index: int) -> Ranked:
        """Return a candidate with its exact objective."""
        if index not in self._known:
            self._known[index] = self._scored(index)
        return self._known[index]

    def _scored(self, index: int) -> Ranked:
        base, some = self._base, self._candidates
        number = int(some.scope[index])
        scope = base.scopes[number]
        one, two, three, reach = (int(axis[index]) for axis in some.at)
        kept, minority = int(some.kept[index]), int(some.minority[index])
        lines = base.lines_1[one], base.lines_2[two]
        covered = lambda: (  # noqa: E731
            base.coverage.count(*lines, base.reaches[reach], self._voters[three], number, scope.trials) / scope.trials
        )
        score = score_counts(Counts(scope.rows, scope.minority, kept, minority), covered)
        values = tuple(axis[at] for axis, at in zip(self._grid.axes, (one, two, three, reach), strict=True))
        return Ranked(values, score.objective, kept, minority, int(some.shares[index]))
