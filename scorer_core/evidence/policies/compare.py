"""The comparison: repeats, their means with confidence intervals, and what they favour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from scipy.stats import bootstrap

from scorer_core.conf import RunConf
from scorer_core.evidence.policies.repeat import RepeatResult, estimated_seconds, run_repeat
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.spec import RunSpec

CONFIDENCE = 0.95
REFERENCE: MaskPolicy = RunConf.model_fields["mask_policy"].default
OTHERS = tuple(policy for policy in MaskPolicy if policy is not REFERENCE)
"""The default policy, and those that are compared with it."""
_TOLD = {"n_trials", "sample_size", "search"}
_MEASURES = ("lift", "blind", "rejected", "median_keep")


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % confidence interval; None where there is too little data for one."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """Return the interval as a JSON object."""
        return {"value": self.value, "low": self.low, "high": self.high}


def compare_policies(
    pool: Pool, conf: RunConf, repeats: int, seed: int, on_repeat: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Compare the mask policies on a pool, each repeat with a seed and with 30 % of the rows kept back, of its own.

    It looks at labels: who then decides on the pool has to have asked for that before.
    """
    outcomes = []
    for repeat in range(repeats):
        outcomes.append(run_repeat(pool, conf, repeat, seed))
        on_repeat()
    sides = {policy: [outcome[policy] for outcome in outcomes] for policy in MaskPolicy}
    differences = {other: _difference(sides[other], sides[REFERENCE]) for other in OTHERS}
    return {
        "spec": {**RunSpec.of(conf).model_dump(mode="json", include=_TOLD), "seed": seed},
        "rows": len(pool),
        "repeats": repeats,
        "confidence": CONFIDENCE,
        "policies": {policy.value: _summary(side) for policy, side in sides.items()},
        **{
            less_reference(other): {name: interval.to_json() for name, interval in difference.items()}
            for other, difference in differences.items()
        },
        "finding": " ".join(_finding(other, difference["lift"]) for other, difference in differences.items()),
    }


def estimate(pool: Pool, conf: RunConf, repeats: int) -> float | None:
    """Return the seconds that a comparison by sweeps will take on this machine; None where that is not known."""
    return estimated_seconds(pool, conf, repeats)


def less_reference(other: MaskPolicy) -> str:
    """Return the name of the differences of a policy and the reference."""
    return f"{other.value}_less_{REFERENCE.value}"


def mean_interval(values: Sequence[float]) -> Interval:
    """Return the mean and its bootstrap interval (BCa: B. Efron, J. Am. Stat. Assoc. 82, 1987)."""
    if not values:
        return Interval(None)
    mean = fmean(values)
    if len(values) < 2:
        return Interval(mean)
    if max(values) == min(values):
        return Interval(mean, mean, mean)
    rng = np.random.default_rng(0)
    resampled = bootstrap((np.asarray(values),), np.mean, n_resamples=4000, confidence_level=CONFIDENCE, rng=rng)
    found = resampled.confidence_interval
    return Interval(mean, float(found.low), float(found.high))


def _summary(outcomes: Sequence[RepeatResult]) -> dict[str, Any]:
    reasons = sorted({reason for outcome in outcomes for reason in outcome.by_reason})
    return {
        **{name: mean_interval(_known(outcomes, name)).to_json() for name in _MEASURES},
        "by_reason": {reason: fmean(outcome.by_reason.get(reason, 0.0) for outcome in outcomes) for reason in reasons},
    }


def _difference(ours: Sequence[RepeatResult], theirs: Sequence[RepeatResult]) -> dict[str, Interval]:
    """Return the paired differences, repeat by repeat; pairs of which one side is missing are left out."""
    pairs = {
        name: [
            (getattr(one, name), getattr(other, name))
            for one, other in zip(ours, theirs, strict=True)
            if getattr(one, name) is not None and getattr(other, name) is not None
        ]
        for name in _MEASURES
    }
    return {name: mean_interval([float(one) - float(other) for one, other in both]) for name, both in pairs.items()}


def _known(outcomes: Sequence[RepeatResult], name: str) -> list[float]:
    return [value for outcome in outcomes if (value := getattr(outcome, name)) is not None]


def _finding(other: MaskPolicy, lift: Interval) -> str:
    """Say in a sentence what the lifts favour."""
    stays = f"the default stays {REFERENCE.value}"
    if lift.low is None or lift.high is None:
        return f"Too few repeats to tell {other.value} and {REFERENCE.value} apart; {stays}."
    if lift.low <= 0 <= lift.high:
        return f"The lifts do not tell {other.value} and {REFERENCE.value} apart on this pool; {stays}."
    favoured = other if lift.low > 0 else REFERENCE
    return (
        f"The lifts favour {favoured.value} on this pool. The default stays {REFERENCE.value} until you set "
        "mask_policy; compare on several pools first."
    )
