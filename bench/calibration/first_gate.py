"""What the first gate published of such pools, as its first decision: a 70/30 holdout, alpha 0.01.

From bench/results/calibration-power.json of commit d5480b7 (2026-11-23), on the same generator; of searches by chance
it measured `random-100@5000` alone.
"""

from __future__ import annotations

COMMIT = "d5480b7"
LIFTS = (1.2, 1.3, 1.5, 2.0, 3.0)
RUNS = {"sweep@all": 16, "tpe-100@all": 30, "random-100@5000": 30}
PUBLISHED = {
    "sweep@all": (0, 7, 13, 16, 16),
    "tpe-100@all": (2, 5, 16, 13, 20),
    "random-100@5000": (2, 4, 10, 15, 22),
}
"""Published at each of LIFTS."""
BESIDE = {"sweep@all": "sweep@all", "tpe-100@all": "tpe-100@all", "random-100@all": "random-100@5000"}
"""Which of its engines stands beside one of today's."""


def published(engine: str, lift: float) -> tuple[int, int] | None:
    """Return how many of how many pools it published, None where it was not asked."""
    beside = BESIDE.get(engine)
    if beside is None or lift not in LIFTS:
        return None
    return PUBLISHED[beside][LIFTS.index(lift)], RUNS[beside]
