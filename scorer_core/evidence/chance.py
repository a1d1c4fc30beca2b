"""How good the best config of the space looks by chance: labels are permuted within trials, and every config counted.

What a permutation leaves as it is, rows kept and minority expected, is counted once for all of them. Of each
permutation its minority rows alone are counted, for which five permutations stand where a sweep has its five folds.
Only a config that may beat its permutation's best so far is scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.folds import FOLDS
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.limits import CACHE_MB
from scorer_core.scoring.policies import MaskPolicy, rules_of
from scorer_core.scoring.sweep.counter import GridCounter
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.scoring.sweep.layout import SHARE_ONE
from scorer_core.scoring.sweep.part import places_of
from scorer_core.scoring.sweep.rows import Bulk, Columns, SweepRows
from scorer_core.scoring.sweep.scopes import ALL_ROWS, scopes_of
from scorer_core.scoring.sweep.voters import Voters, voters_of
from scorer_core.scoring.tail import evidences

Floats = NDArray[np.float64]
_SLACK = 1e-9
"""More than float64 arithmetic in another order can be off by, relative to a bar."""


@dataclass(frozen=True)
class Chance:
    """The largest evidence (nats) of an accepted config: of the pool as it is, and of each permutation of its labels.

    `passing` is how many configs reach the evidence that was asked about, on the pool as it is.
    """

    observed: float
    permuted: tuple[float, ...]
    passing: int

    @property
    def p(self) -> float:
        """Return the permutation test's p: B. Phipson, G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010."""
        return (1 + sum(one >= self.observed for one in self.permuted)) / (1 + len(self.permuted))


def space_by_chance(
    pool: Pool, policy: MaskPolicy, permutations: int, rng: np.random.Generator, proven: float
) -> Chance:
    """Return the best of the whole space beside its null distribution; `proven` is the evidence that is counted."""
    counted = _Counted(pool, policy, [permuted_within_trials(pool, rng) for _ in range(permutations)], proven)
    for modulus in full_grid(policy).moduli(3):
        counted.walk(modulus)
    best = counted.best.tolist()
    return Chance(best[0], tuple(best[1 : permutations + 1]), counted.passing)


class _Counted:
    """Walks the space; `best` are the evidences of the pool's own labels, then of each permutation."""

    def __init__(self, pool: Pool, policy: MaskPolicy, permuted: Sequence[Pool], proven: float) -> None:
        columns = Columns.of(pool)
        scope = scopes_of(columns)[ALL_ROWS]
        self._fewest, self._most = scope.fewest, scope.most
        self._whole = _Rows(SweepRows.of(columns, policy, CACHE_MB * 2**20), policy)
        self._batches = [_Rows(rows, policy) for rows in _side_by_side(permuted, policy)]
        self._span = rules_of(policy).span or len(self._whole.reaches)
        self._proven = proven
        self.best = np.zeros(1 + FOLDS * len(self._batches))
        self.passing = 0

    def walk(self, modulus: int) -> None:
        """Count all configs with one value of `residue_mod_3`."""
        reaches = len(self._whole.reaches)
        sums, every = self._whole.sums(modulus), [rows.kept(modulus) for rows in self._batches]
        for first in range(0, reaches, self._span):
            among = slice(first, min(first + self._span, reaches))
            counts, shares = sums(among)
            kept, expected = counts[:, 0].sum(axis=1), shares.sum(axis=1) / SHARE_ONE
            bar = min(float(self.best[0]), self._proven)
            self._look(kept, counts[:, 1].sum(axis=1)[:, None], expected, slice(0, 1), bar)
            for number, votes in enumerate(every):
                of_batch = slice(1 + FOLDS * number, 1 + FOLDS * (number + 1))
                self._look(kept, votes(among), expected, of_batch, float(self.best[of_batch].min()))
            if kept[-1].min() > self._most:
                break

    def _look(self, kept: Bulk, minority: Bulk, expected: Floats, of: slice, bar: float) -> None:
        """Take the evidence of what may exceed a bar: `minority` has shape (reaches, labellings, mods_1, mods_2).

        Where M is above E and below kept − E, KL(M ‖ E) is at most (M − E)² / 2·E(kept − E): see `may_have_evidence`.
        """
        spread = np.maximum(2 * bar * (1 - _SLACK) * expected * (kept - expected), 0.0) / np.maximum(kept, 1.0)
        needed = np.minimum(expected + np.sqrt(spread), kept - expected)
        needed[(kept < self._fewest) | (kept > self._most)] = np.inf
        reach, labelling, one, two = places_of(minority >= needed[:, None])
        at = reach, one, two
        found = evidences(
            kept[at].astype(np.float64), minority[reach, labelling, one, two].astype(np.float64), expected[at]
        )
        np.maximum.at(self.best[of], labelling, found)
        if of.start == 0:
            self.passing += int(np.count_nonzero(found >= self._proven))


class _Rows:
    """Some rows, counted for one value of `residue_mod_3` and some reaches at a time."""

    def __init__(self, rows: SweepRows, policy: MaskPolicy) -> None:
        self._rows, self._counter = rows, GridCounter(rows, full_grid(policy))
        self._pairs = self._counter.pairs()
        self.reaches = self._counter.chosen.reaches

    def sums(self, modulus: int) -> Callable[[slice], tuple[Bulk, Floats]]:
        """Return what counts rows, labels and shares with one value of `residue_mod_3`, given some reaches."""
        voters = self._voters(modulus)

        def count(among: slice) -> tuple[Bulk, Floats]:
            third = self._counter.third(voters, self.reaches[among])
            return self._pairs.counts[among] + third.counts, self._pairs.shares[among] + third.shares

        return count

    def kept(self, modulus: int) -> Callable[[slice], Bulk]:
        """Return what counts rows alone: shape (reaches, FOLDS, mods_1, mods_2)."""
        voters = self._voters(modulus)
        return lambda among: self._pairs.counts[among, 0] + self._counter.third_rows(voters, self.reaches[among])

    def _voters(self, modulus: int) -> Voters:
        return voters_of(self._rows, modulus, self.reaches[-1])


def permuted_within_trials(pool: Pool, rng: np.random.Generator) -> Pool:
    """Return a pool with its labels permuted within each Step 1 trial."""
    minority = np.empty_like(pool.minority)
    codes = np.unique(pool.trial_number, return_inverse=True)[1]
    minority[np.argsort(codes, kind="stable")] = pool.minority[np.lexsort((rng.random(len(pool)), codes))]
    return replace(pool, minority=minority)


def _side_by_side(permuted: Sequence[Pool], policy: MaskPolicy) -> Iterator[SweepRows]:
    """Yield rows in which each fold has the minority rows of one permutation; the last has fewer permutations."""
    for first in range(0, len(permuted), FOLDS):
        seeds = [one.seeds[one.minority] for one in permuted[first : first + FOLDS]]
        lengths = [one.size for one in seeds] + [0] * (FOLDS - len(seeds))
        rows = np.concatenate(seeds)
        columns = Columns(
            seeds=rows,
            codes=np.zeros(len(rows), np.uint32),
            minority=np.zeros(len(rows), np.uint8),
            place=np.arange(len(rows), dtype=np.uint32),
            fold_starts=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
            shares=np.zeros(1, np.uint16),
        )
        yield SweepRows.of(columns, policy, CACHE_MB * 2**20)
