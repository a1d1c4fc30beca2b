"""What the pool could have shown: the chances of a mask like the candidate to pass, for each of several true lifts."""

from __future__ import annotations

from typing import Any

from scorer_core.gate.within_trials.planning import Planner

LIFTS = (1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.75, 2.0, 2.5, 3.0)


def sensitivity(planner: Planner) -> list[dict[str, Any]]:
    """Return, for each lift that the mask's margins allow, the chances to be `real` and `worth_it` in this pool."""
    planned = [planner.chances(1.0, lift) for lift in LIFTS]
    return [{"lift": one.lift, "real": one.real, "worth_it": one.worth_it} for one in planned if one is not None]
