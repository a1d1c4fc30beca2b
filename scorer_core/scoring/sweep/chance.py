"""The best evidence of the whole space where labels are permuted within trials: every config counted.

What a permutation leaves as it is, rows kept and minority expected, is counted once for all of them. Of each
permutation its minority rows alone are counted, for which five permutations stand where a sweep has its five folds.
Only a config that may beat its permutation's best so far is scored.

Permutation i is drawn from a seed and i alone, on rows in a sweep's order: it is the same on every rig and on the head,
whoever counts it, and beside whichever others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from scorer_core.pool.folds import FOLDS
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
Label = TypeVar("Label", bound=np.generic)
_SLACK = 1e-9
"""More than float64 arithmetic in another order can be off by, relative to a bar."""


@dataclass(frozen=True)
class Permutations:
    """Which permutations of a pool's labels: by seed and number; within Step 1 trials, or over the whole pool."""

    seed: int
    within_trials: bool
    numbers: Sequence[int]

    def minorities(self, columns: Columns) -> list[NDArray[np.unsignedinteger]]:
        """Return of each permutation the seeds of its minority rows."""
        drawn = (np.random.default_rng([self.seed, number]) for number in self.numbers)
        return [columns.seeds[permuted_within(columns.codes, columns.minority, rng) > 0] for rng in drawn]


@dataclass(frozen=True)
class Best:
    """The largest evidence (nats) of an accepted config: with a pool's own labels, and with each permutation of them.

    `passing` configs reach the evidence that was asked about, with the own labels. Both are 0 where nobody asked.
    """

    own: float
    permuted: tuple[float, ...]
    passing: int


def best_of_space(
    rows: SweepRows,
    permutations: Permutations,
    proven: float | None = None,
    *,
    held_bytes: int = CACHE_MB * 2**20,
) -> Best:
    """Return the best of the whole space on some permutations; with own labels, too, where `proven` is an evidence.

    Levels of permuted rows are held where they take at most `held_bytes` bytes, together.
    """
    if not permutations.within_trials:
        rows = SweepRows.of(rows.columns.as_one_trial(), rows.layout.policy, held_bytes)
    walk = _Walk(rows, permutations, proven, held_bytes)
    for modulus in full_grid(rows.layout.policy).moduli(3):
        walk.count(modulus)
    best = walk.best.tolist()
    return Best(best[0], tuple(best[1 : len(permutations.numbers) + 1]), walk.passing)


def permuted_within(codes: NDArray[np.integer], labels: NDArray[Label], rng: np.random.Generator) -> NDArray[Label]:
    """Return labels, shape (n,), permuted among the rows of the same code."""
    permuted = np.empty_like(labels)
    permuted[np.argsort(codes, kind="stable")] = labels[np.lexsort((rng.random(len(labels)), codes))]
    return permuted


class _Walk:
    """Walks the space; `best` are the evidences of the pool's own labels, then of each permutation."""

    def __init__(self, rows: SweepRows, permutations: Permutations, proven: float | None, held_bytes: int) -> None:
        policy = rows.layout.policy
        scope = scopes_of(rows.columns)[ALL_ROWS]
        self._fewest, self._most = scope.fewest, scope.most
        self._whole = _Rows(rows, policy)
        together = _side_by_side(permutations.minorities(rows.columns), policy, held_bytes)
        self._batches = [_Rows(few, policy) for few in together]
        self._span = rules_of(policy).span or len(self._whole.reaches)
        self._proven = proven
        self.best = np.zeros(1 + FOLDS * len(self._batches))
        self.passing = 0

    def count(self, modulus: int) -> None:
        """Count all configs with one value of `residue_mod_3`."""
        reaches = len(self._whole.reaches)
        sums, every = self._whole.sums(modulus), [rows.kept(modulus) for rows in self._batches]
        for first in range(0, reaches, self._span):
            among = slice(first, min(first + self._span, reaches))
            counts, shares = sums(among)
            kept, expected = counts[:, 0].sum(axis=1), shares.sum(axis=1) / SHARE_ONE
            if self._proven is not None:
                bar = min(float(self.best[0]), self._proven)
                found = self._look(kept, counts[:, 1].sum(axis=1)[:, None], expected, slice(0, 1), bar)
                self.passing += int(np.count_nonzero(found >= self._proven))
            for number, votes in enumerate(every):
                of_batch = slice(1 + FOLDS * number, 1 + FOLDS * (number + 1))
                self._look(kept, votes(among), expected, of_batch, float(self.best[of_batch].min()))
            if kept[-1].min() > self._most:
                break

    def _look(self, kept: Bulk, minority: Bulk, expected: Floats, of: slice, bar: float) -> Floats:
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
        return found


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


def _side_by_side(
    minorities: Sequence[NDArray[np.unsignedinteger]], policy: MaskPolicy, held_bytes: int
) -> Iterator[SweepRows]:
    """Yield rows in which each fold has the minority rows of one permutation; the last has fewer permutations."""
    for first in range(0, len(minorities), FOLDS):
        seeds = minorities[first : first + FOLDS]
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
        yield SweepRows.of(columns, policy, held_bytes * FOLDS // len(minorities))
