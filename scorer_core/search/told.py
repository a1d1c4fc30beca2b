"""What a lane's log says of one answer: which trial or shard, its objective, its lift, its seconds. One line each."""

from __future__ import annotations

import math

from scorer_core.rig.protocol import TrialResult
from scorer_core.scoring.sweep.outcome import Ranked

_LARGEST = math.log(1e9)
"""Of the logarithm of a lift: a rig may say anything, and a line of a log must not end its lane."""


def in_a_line(result: TrialResult, seconds: float) -> str:
    """Return the line of an answer that took `seconds` s; what was rejected has the reason in place of a lift."""
    found = result.evaluation
    took = f"{seconds:.2f} s"
    if "top" not in found:
        return f"trial {result.trial_number}: objective {found['objective']:+.4f}, {_lift_of_trial(found)}, {took}"
    best = Ranked.from_json(found["top"][0])
    lift = f"lift {best.minority_kept / best.expected:.3f}" if best.expected else "no lift"
    told = f"shard {result.trial_number}: {found['configs']:,} configs, best objective {best.objective:+.4f}"
    return f"{told}, {lift}, {took}"


def _lift_of_trial(found: dict[str, object]) -> str:
    """Return the minority's share among the kept rows over that among all, as the objective has it."""
    enrich = found.get("enrich")
    if isinstance(enrich, int | float):
        return f"lift {math.exp(min(enrich, _LARGEST)):.3f}"
    return f"rejected ({found.get('reason')})"
