"""What changed since the pool that was decided before is counted by seed, and told."""

from __future__ import annotations

import numpy as np

from scorer_core.gate.changes import Changes, changes
from scorer_core.pool.survivors import Pool


def pool(*rows: tuple[int, bool, int]) -> Pool:
    seeds, labels, trials = zip(*rows, strict=True)
    return Pool(np.array(seeds, np.uint64), np.array(labels), np.array(trials, np.int64))


BEFORE = pool((5, True, 1), (9, False, 1), (2, False, 2), (7, True, 3))


def test_rows_are_told_apart_by_their_seed_in_any_order() -> None:
    now = pool((7, True, 9), (2, True, 2), (5, True, 1), (11, False, 4), (12, True, 4))

    found = changes(BEFORE, now)

    assert found == Changes(before=4, added=2, dropped=1, relabelled=1, moved=1)
    assert found.growth == 0.5
    assert found.describe() == (
        "Since the pool of 4 rows that was decided before: 2 rows more, 1 rows of it are gone, 1 relabelled, "
        "1 now of another Step 1 trial."
    )


def test_the_same_pool_did_not_change() -> None:
    assert changes(BEFORE, BEFORE).describe().endswith("nothing changed.")
