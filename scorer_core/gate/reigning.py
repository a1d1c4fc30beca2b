"""The published config beside the candidate, on the whole pool and on the rows that it was not published from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer_core.gate.challenge import Challenge, challenge
from scorer_core.gate.within_trials.effects import largest_lift
from scorer_core.gate.within_trials.strata import Mask, Strata
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.objective import combine, rejection


@dataclass(frozen=True)
class Duel:
    """Candidate and published config.

    `rejected` is why the objective rejects the published config on this pool, None where it does not; `at_most` is the
    95 % upper bound of its lift. The objectives are those on the whole pool, before rejection.
    """

    same_mask: bool
    rejected: str | None
    at_most: float
    min_lift: float
    candidate_objective: float
    champion_objective: float
    champion_kept: int
    champion_minority_kept: int
    challenge: Challenge

    @property
    def stale(self) -> bool:
        """Say whether the published config is worth nothing on this pool: rejected, or its lift surely too small."""
        return self.rejected is not None or self.at_most < self.min_lift

    @property
    def won(self) -> bool:
        """Say whether the candidate replaces the published config."""
        if self.same_mask:
            return False
        return self.challenge.won or (self.stale and self.candidate_objective > self.champion_objective)


def duel(
    pool: Pool,
    strata: Strata,
    candidate: Mask,
    champion: Mask,
    fresh: Mask,
    challenger: int,
    min_lift: float,
    *,
    unseen: Mask | None = None,
) -> Duel:
    """Compare two masks on a pool; `fresh` says which rows are outside the pool that the champion was published from.

    The candidate was picked on these rows too, and the best of many looks better than it is on what it was picked on:
    so `unseen` stands for it there, what is kept in each fold by the config that was picked without the fold. All masks
    have shape (n,). `challenger` is the k of this challenger in the reign of the published config.
    """
    reason = rejection(int(np.count_nonzero(champion)), len(pool))
    return Duel(
        same_mask=bool((candidate == champion).all()),
        rejected=None if reason is None else reason.value,
        at_most=largest_lift(strata.margins(champion)),
        min_lift=min_lift,
        candidate_objective=_objective(pool, candidate),
        champion_objective=_objective(pool, champion),
        champion_kept=int(np.count_nonzero(champion)),
        champion_minority_kept=int(np.count_nonzero(champion & pool.minority)),
        challenge=challenge(
            pool.rows(fresh), (candidate if unseen is None else unseen)[fresh], champion[fresh], challenger
        ),
    )


def _objective(pool: Pool, mask: Mask) -> float:
    """Return the objective as if no mask were rejected; −1 for one that keeps nothing."""
    counts = Counts.from_mask(pool, mask)
    if not counts.kept:
        return -1.0
    coverage = len(np.unique(pool.trial_number[mask])) / len(np.unique(pool.trial_number))
    return combine(
        float(counts.rows), float(counts.minority), float(counts.kept), float(counts.minority_kept), coverage
    )
