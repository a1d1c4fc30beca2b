"""A challenger wins on fresh rows only when it is better, and its error is spent over the whole reign."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from scorer_core.gate.challenge import REIGN_ERROR, challenge
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.objective import score
from scorer_core.spending import share_of

ROWS = 3_000


def fresh(rng: np.random.Generator, share: np.ndarray) -> Pool:
    return Pool(np.arange(len(share), dtype=np.uint64), rng.random(len(share)) < share, rng.integers(0, 30, len(share)))


def masks(rng: np.random.Generator, rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Draw two masks of about a tenth each, that share half of their rows."""
    both, one, other = (rng.random(rows) < 0.06 for _ in range(3))
    return both | one, both | other


def test_the_difference_is_that_of_the_objectives_and_its_error_that_of_drawn_labels() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = masks(rng)
    share = 0.1 + 0.1 * ours + 0.05 * theirs
    drawn = [challenge(fresh(rng, share), ours, theirs, 1) for _ in range(200)]
    pool = fresh(rng, share)
    found = challenge(pool, ours, theirs, 1)

    assert found.difference == pytest.approx(score(pool, ours).objective - score(pool, theirs).objective)
    errors = [one.standard_error or math.nan for one in drawn]
    assert np.mean(errors) == pytest.approx(np.std([one.difference for one in drawn]), rel=0.15)


@pytest.mark.parametrize("base", [0.08, 0.3])
def test_masks_that_are_equally_good_win_no_more_often_than_the_error_allows(base: float) -> None:
    rng = np.random.default_rng(2)
    won = 0
    for _ in range(500):
        ours, theirs = masks(rng)
        share = np.where(ours | theirs, 1.8 * base, base)
        won += challenge(fresh(rng, share), ours, theirs, 1).won

    assert won / 500 <= share_of(REIGN_ERROR, 1) + 3 * math.sqrt(0.03 * 0.97 / 500)


def test_one_that_is_clearly_better_wins_and_the_other_does_not() -> None:
    rng = np.random.default_rng(3)
    ours, theirs = masks(rng)
    pool = fresh(rng, np.where(ours, 0.3, 0.1))

    assert challenge(pool, ours, theirs, 1).won
    assert challenge(pool, ours, theirs, 5).won
    assert not challenge(pool, theirs, ours, 1).won


def test_a_later_challenger_has_to_show_more() -> None:
    needed = [challenge(Pool(*_empty()), np.zeros(0, bool), np.zeros(0, bool), k).needed for k in (1, 2, 60)]

    assert needed == sorted(needed)
    assert needed[0] == pytest.approx(1.875, abs=1e-3)
    assert needed[2] > 4.2


def _empty() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.zeros(0, np.uint64), np.zeros(0, bool), np.zeros(0, np.int64)


@pytest.mark.parametrize("keep", ["nothing", "the same rows", "few of the minority"])
def test_where_too_few_rows_tell_the_two_apart_nobody_wins(keep: str) -> None:
    rng = np.random.default_rng(4)
    ours, theirs = masks(rng)
    pool = fresh(rng, np.where(ours, 0.4, 0.1))
    if keep == "nothing":
        theirs = np.zeros_like(theirs)
    elif keep == "the same rows":
        theirs = ours
    else:
        told_apart = np.flatnonzero(pool.minority & (ours ^ theirs))
        pool = replace(pool, minority=pool.minority & ~np.isin(np.arange(len(pool)), told_apart[9:]))

    found = challenge(pool, ours, theirs, 1)

    assert (found.standard_error, found.ratio, found.won) == (None, None, False)


def test_a_mask_that_would_be_rejected_is_compared_by_the_objective_before_rejection() -> None:
    rng = np.random.default_rng(5)
    ours, _ = masks(rng)
    wide = rng.random(ROWS) < 0.6
    found = challenge(fresh(rng, np.where(ours, 0.3, 0.1)), ours, wide, 1)

    assert found.champion is not None
    assert found.champion.objective > -1.0
    assert found.won
