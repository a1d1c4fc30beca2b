"""The exact statistics of one mask on one set of rows: lift, p-value, lower bound, power.

All are conditional on the margins (rows, minority, kept), as Fisher's exact test is; none samples,
none approximates, and none returns NaN: a table that says nothing has a defined, modest value.
"""

from __future__ import annotations

import math

from scipy.stats import hypergeom

from scorer_core.gate.noncentral import KeptMinority
from scorer_core.scoring.counts import Counts

CONFIDENCE = 0.95


def lift(counts: Counts) -> float:
    """Return the minority's share among the kept rows over its share among all rows.

    1 is chance. 0 when nothing is kept or nothing is minority: such a mask enriches nothing.
    """
    return counts.minority_kept / counts.expected if counts.expected else 0.0


def tail_p_value(counts: Counts) -> float:
    """Return P(minority kept ≥ observed) when the mask knows nothing of the labels; 1 without rows.

    The exact one-sided hypergeometric tail: R. A. Fisher, "The Design of Experiments", 1935, ch. II;
    the "greater" side of Fisher's exact test.
    """
    if not counts.expected:
        return 1.0
    tail = hypergeom.sf(counts.minority_kept - 1, counts.rows, counts.minority, counts.kept)
    return min(max(float(tail), 0.0), 1.0)


def lift_lower_bound(counts: Counts, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided lower confidence bound of the lift.

    The odds ratio at which a result as good as this has probability 1 − confidence (the inverted
    one-sided test: J. Cornfield, "A statistical problem arising from retrospective studies", Proc.
    3rd Berkeley Symp. 4, 1956), as the lift that is this odds ratio's mean. Hence it exceeds 1 exactly
    when the p-value is below 1 − confidence. The lowest possible result excludes no lift: its bound
    is the smallest lift that the margins allow, 0 for most.
    """
    if not counts.expected:
        return 0.0
    distribution = KeptMinority.given(counts.rows, counts.minority, counts.kept)
    if counts.minority_kept == distribution.lowest:
        return distribution.lowest / counts.expected
    log_odds = distribution.log_odds_where_tail_is(1.0 - confidence, counts.minority_kept)
    return 1.0 if log_odds == 0 else distribution.mean(log_odds) / counts.expected


def power(counts: Counts, min_lift: float, alpha: float) -> float:
    """Return the chance that a mask whose true lift is `min_lift` has a p-value of at most `alpha`.

    Exact, for the margins of `counts` (`minority_kept` is not read), with the odds ratio whose mean
    is that lift: J. L. Harkness, "Properties of the extended hypergeometric distribution", Ann. Math.
    Stat. 36, 1965. 0 when the margins allow no such lift or no p-value that small.
    """
    distribution = KeptMinority.given(counts.rows, counts.minority, counts.kept)
    critical = distribution.critical(alpha)
    target = min_lift * counts.expected
    if critical is None or not distribution.lowest < target <= distribution.highest:
        return 0.0
    if target == distribution.highest:
        return 1.0
    log_odds = distribution.log_odds_where_mean_is(target)
    return min(math.exp(distribution.log_tail(critical, log_odds)), 1.0)
