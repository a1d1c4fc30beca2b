"""The published config on this holdout: whether it still enriches, and which is better on the rows that differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.gate.case import Champion
from scorer_core.gate.holdout import Measured, measure_mask
from scorer_core.gate.statistics import CONFIDENCE, lift_lower_bound, power, tail_p_value
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy


@dataclass(frozen=True)
class Standing:
    """What the published config is worth on this holdout.

    `published_lift` is the holdout lift that it was published with, and `power` the chance that this
    holdout shows such a lift, at a level of 5 %; both are None when its file does not say.
    """

    measured: Measured
    lower_bound: float
    p_value: float
    published_lift: float | None
    power: float | None

    @property
    def stale(self) -> bool:
        """Say whether its enrichment cannot be shown any more: the lift's lower bound is not above 1."""
        return self.lower_bound <= 1.0

    def describe(self) -> str:
        """Return a sentence for the operator when the config is stale, else an empty string."""
        if not self.stale:
            return ""
        told = (
            f"The published config is stale: on this holdout its lift is {self.measured.lift:.3f}, at least "
            f"{self.lower_bound:.3f} with {CONFIDENCE:.0%} confidence, so it may enrich nothing any more."
        )
        if self.published_lift is None or self.power is None:
            return told
        return (
            f"{told} Were it still {self.published_lift:.3f}, as when it was published, this holdout would show it "
            + (f"with a probability of {self.power:.1%}.")
        )


@dataclass(frozen=True)
class Side:
    """Some rows of the holdout, and how many of them are minority."""

    rows: int
    minority: int


@dataclass(frozen=True)
class Comparison:
    """Candidate and champion on the same holdout, told apart by the rows that only one of them keeps.

    `p_value` is the chance that so many of the minority rows among those fall to the candidate, if it
    were no better there than the champion. Differences are candidate minus champion; `better` is the
    one with the greater objective: `candidate`, `champion`, or `equal`.
    """

    both: Side
    candidate_only: Side
    champion_only: Side
    p_value: float
    lift_difference: float
    objective_difference: float
    better: str
    meaning: str


def stand(holdout: Pool, champion: Champion) -> Standing:
    """Measure the published config on all holdout rows, under its own mask policy."""
    measured = measure_mask(holdout, _mask(holdout, champion.params, champion.mask_policy))
    before = champion.published_lift
    return Standing(
        measured=measured,
        lower_bound=lift_lower_bound(measured.counts),
        p_value=tail_p_value(measured.counts),
        published_lift=before,
        power=None if before is None else power(measured.counts, before, 1.0 - CONFIDENCE),
    )


def compare(
    holdout: Pool, params: Params, policy: MaskPolicy, candidate: Measured, champion: Champion, standing: Standing
) -> Comparison:
    """Compare the candidate with the published config, row by row.

    Rows that both keep, or neither, say nothing about which is better. Among the others the labels
    are as in a two by two table, candidate's or champion's against minority or not, whose margins are
    fixed: the exact one-sided hypergeometric tail (R. A. Fisher, "The Design of Experiments", 1935).
    Conditioning on the discordant rows: Q. McNemar, Psychometrika 12, 1947.
    """
    ours = _mask(holdout, params, policy)
    theirs = _mask(holdout, champion.params, champion.mask_policy)
    both, candidate_only, champion_only = (
        _side(holdout, rows) for rows in (ours & theirs, ours & ~theirs, theirs & ~ours)
    )
    discordant = Counts(
        rows=candidate_only.rows + champion_only.rows,
        minority=candidate_only.minority + champion_only.minority,
        kept=candidate_only.rows,
        minority_kept=candidate_only.minority,
    )
    difference = candidate.objective - standing.measured.objective
    better = "equal" if difference == 0 else "candidate" if difference > 0 else "champion"
    p_value = tail_p_value(discordant)
    return Comparison(
        both=both,
        candidate_only=candidate_only,
        champion_only=champion_only,
        p_value=p_value,
        lift_difference=candidate.lift - standing.measured.lift,
        objective_difference=difference,
        better=better,
        meaning=_meaning(better, difference, candidate_only, champion_only, p_value),
    )


def _mask(holdout: Pool, params: Params, policy: MaskPolicy) -> NDArray[np.bool_]:
    return residue_mask(holdout.seeds, params, policy).kept


def _side(holdout: Pool, rows: NDArray[np.bool_]) -> Side:
    return Side(int(np.count_nonzero(rows)), int(np.count_nonzero(rows & holdout.minority)))


def _meaning(better: str, difference: float, ours: Side, theirs: Side, p_value: float) -> str:
    who = {
        "candidate": f"The candidate is better by {difference:.4f} in objective.",
        "champion": f"The published config is better by {-difference:.4f} in objective.",
        "equal": "Candidate and published config have the same objective.",
    }[better]
    if not ours.rows + theirs.rows:
        return f"{who} They keep the same rows."
    return (
        f"{who} Of the rows that only the candidate keeps {_share(ours)} are minority, of those that only the "
        f"published config keeps {_share(theirs)}; chance alone gives the candidate so many with p = {p_value:.2g}."
    )


def _share(side: Side) -> str:
    return f"{side.minority} of {side.rows}"
