"""How large a pool would show a lift: the margins of a mask, scaled as if Step 1 went on as before.

A pool that is f times as large has f times as many trials like those that are there, so that the cumulant generating
function of S is f times as large, and its tails follow by the saddlepoint approximation for counts (R. Lugannani,
S. Rice, Adv. Appl. Prob. 12, 1980; H. E. Daniels, Int. Stat. Rev. 55, 1987), to about 1 % of the chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr

from scorer_core.gate.noncentral import increasing_root
from scorer_core.gate.within_trials.distribution import KeptWithin
from scorer_core.gate.within_trials.strata import Margins

CHANCE = 0.90
"""How likely the size that is asked for shows the lift: in each of two checks."""
BEYOND = 1.10
"""The lift that is planned for, as a multiple of `min_lift`, which itself is shown half the time at best."""
MOST_ROWS = 10**9
_PRECISION = 1.005
_NEAR = 1e-4
_FAR = 2.0
"""How far the rarest result that there can be has to be beyond the level, in logarithms: near it the approximation
fails."""


@dataclass(frozen=True)
class Planned:
    """The chances that a mask of some margins passes when its true lift is `lift`, in a pool `scale` times as large."""

    lift: float
    real: float
    worth_it: float

    @property
    def enough(self) -> bool:
        """Say whether both are likely enough."""
        return min(self.real, self.worth_it) >= CHANCE


@dataclass(frozen=True)
class Planner:
    """Plans with a mask's margins: by stratum, and by stratum and fold, as the cross-fitted lift is measured.

    `level` is what p may be at most: α of the next decision over the size of the space. Lifts above `excluded_above`
    are excluded for such a mask: no pool is planned for them.
    """

    by_stratum: Margins
    by_fold: Margins
    min_lift: float
    level: float
    excluded_above: float = math.inf

    @property
    def lift(self) -> float:
        """Return the lift that is planned for."""
        return min(self.min_lift * BEYOND, self.excluded_above)

    def chances(self, scale: float, lift: float | None = None) -> Planned | None:
        """Return the chances in a pool `scale` times as large; None where these margins allow no such lift.

        `lift` is the true one, without it the one that is planned for.
        """
        lift = self.lift if lift is None else lift
        whole, cells = KeptWithin(self.by_stratum), KeptWithin(self.by_fold)
        if any(
            not of.lowest < lift * margins.expected < of.highest
            for of, margins in ((whole, self.by_stratum), (cells, self.by_fold))
        ):
            return None
        tilt = whole.tilt_where_mean_is(lift * self.by_stratum.expected)
        rare = scale * whole.log_chance_of_the_highest(0.0) <= _FAR * math.log(self.level)
        real = _tail(whole, scale, tilt, _critical(whole, scale, self.level)) if rare else 0.0
        tilt = cells.tilt_where_mean_is(lift * self.by_fold.expected)
        asked = cells.tilt_where_mean_is(self.min_lift * self.by_fold.expected)
        return Planned(lift, real, _tail(cells, scale, tilt, asked))

    def rows_needed(self) -> int | None:
        """Return the smallest pool that is enough, in rows to about 1 %; None where no pool would do."""
        rows = int(self.by_stratum.rows.sum())

        def enough(size: float) -> bool:
            chances = self.chances(size / rows)
            return chances is not None and chances.enough

        short, long = 1.0, float(rows)
        while not enough(long):
            if long >= MOST_ROWS:
                return None
            short, long = long, min(2 * long, MOST_ROWS)
        while long / short > _PRECISION:
            middle = math.sqrt(short * long)
            short, long = (short, middle) if enough(middle) else (middle, long)
        return math.ceil(long)


def _critical(of: KeptWithin, scale: float, level: float) -> float:
    """Return the tilt whose mean is the smallest S that is rare enough by chance."""
    return increasing_root(lambda to: math.log(level) - math.log(max(_tail(of, scale, 0.0, to), 1e-300)))


def _tail(of: KeptWithin, scale: float, tilt: float, to: float) -> float:
    """Return P(S ≥ s) at a tilt, s being the mean at the tilt `to`, of `scale` times as many strata."""
    here, there = of.moments(tilt), of.moments(to)
    step = to - tilt
    gap = max(step * there.mean - (there.log_normalisation - here.log_normalisation), 0.0)
    r = math.copysign(math.sqrt(2 * scale * gap), step)
    u = -math.expm1(-step) * math.sqrt(scale * there.variance)
    if abs(r) < _NEAR or not u:
        return 0.5
    density = math.exp(-r * r / 2) / math.sqrt(2 * math.pi)
    return min(max(float(ndtr(-r)) + density * (1 / u - 1 / r), 0.0), 1.0)
