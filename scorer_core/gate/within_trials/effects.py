"""What the margins of a mask say: how rare it is by chance, and how large its lift may be."""

from __future__ import annotations

import math

from scorer_core.gate.within_trials.distribution import KeptWithin, UpperTail
from scorer_core.gate.within_trials.strata import Margins

ERROR = 0.05
"""The chance that a bound of the lift does not hold."""


def log_p_value(margins: Margins) -> float:
    """Return ln P(S ≥ minority kept) when labels are exchangeable within strata; 0 where nothing can be told."""
    return UpperTail(KeptWithin(margins), margins.minority_kept).log_chance(0.0)


def log_p_space(log_p: float, space: int) -> float:
    """Return ln min(1, p · space): what p is worth when each of `space` configs is a try.

    C. E. Bonferroni, 1936. It controls the chance of any false finding whatever other configs enrich: where some do,
    fewer minority rows are left for a config that does not, and its tail is conservative (W. Hoeffding, Ann. Math.
    Stat. 27, 1956).
    """
    return min(log_p + math.log(space), 0.0)


def guaranteed_lift(margins: Margins, space: int) -> float:
    """Return the lift that a mask has at least: with 95 % confidence for all masks of the space at once.

    The tilt at which a result as good as this has the chance 0.05 / space, as the lift that is its mean (the inverted
    one-sided test: J. Cornfield, Proc. 3rd Berkeley Symp. 4, 1956). Hence it is above 1 exactly when p_space < 0.05.
    0 where chance would keep no minority row.
    """
    expected = margins.expected
    if not expected:
        return 0.0
    distribution = KeptWithin(margins)
    if margins.minority_kept == distribution.lowest:
        return distribution.lowest / expected
    tilt = UpperTail(distribution, margins.minority_kept).tilt_where_chance_is(math.log(ERROR / space))
    return distribution.moments(tilt).mean / expected


def largest_lift(margins: Margins) -> float:
    """Return the lift that a mask has at most, with 95 % confidence for this one mask; infinite where E is 0.

    The tilt at which a result as poor as this has the chance 0.05: an upper tail of the majority rows that are kept.
    """
    expected = margins.expected
    if not expected:
        return math.inf
    majority = margins.of_the_majority()
    kept = int(margins.kept.sum())
    distribution = KeptWithin(majority)
    if majority.minority_kept == distribution.lowest:
        return (kept - distribution.lowest) / expected
    tilt = UpperTail(distribution, majority.minority_kept).tilt_where_chance_is(math.log(ERROR))
    return (kept - distribution.moments(tilt).mean) / expected
