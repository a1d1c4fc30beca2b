"""A shard's answer: exact counts of every config, cheap tests of all, the exact objective of the few that matter.

Tens of thousands of configs are counted at once, in six scopes: all rows, and the rows outside each fold. Tests in
float32 leave those that may be among the best, or on a front. Only these are scored by the objective itself: so
the winners' numbers are its own, to the last bit.
"""

from __future__ import annotations

from scorer_core.scoring.space import MODULI
from scorer_core.scoring.sweep.base import Base
from scorer_core.scoring.sweep.coverage import Coverage
from scorer_core.scoring.sweep.grid import Grid
from scorer_core.scoring.sweep.outcome import ShardOutcome
from scorer_core.scoring.sweep.rows import SweepRows
from scorer_core.scoring.sweep.scopes import scopes_of
from scorer_core.scoring.sweep.shard import Shard


class ShardKernel:
    """Sweeps grids on some rows; what does not depend on `residue_mod_3` is kept from one shard to the next."""

    def __init__(self, rows: SweepRows) -> None:
        self._rows = rows
        self._scopes, self._coverage = scopes_of(rows.columns), Coverage(rows)
        self._base: tuple[Grid, Base] | None = None

    def sweep(self, grid: Grid) -> ShardOutcome:
        """Return the best configs of a grid, the fronts, and how many configs there are for each reason."""
        shard = Shard(self._base_of(grid), grid)
        for place, modulus in enumerate(grid.moduli(3)):
            shard.walk(place, modulus)
        return shard.outcome()

    def _base_of(self, grid: Grid) -> Base:
        what = grid.with_axis(MODULI[2], ())  # whatever the shard
        if self._base is None or self._base[0] != what:
            self._base = what, Base(self._rows, grid, self._scopes, self._coverage)
        return self._base[1]
