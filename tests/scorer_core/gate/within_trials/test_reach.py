"""What a pool could show at best, against every mask that could be accepted."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from scorer_core.gate.within_trials.effects import log_p_value
from scorer_core.gate.within_trials.reach import can_be_real, log_p_at_best
from scorer_core.gate.within_trials.strata import Strata
from scorer_core.scoring.objective import rejection
from tests.scorer_core.gate.within_trials.tables import Table, margins

SPACE = 24_264_240


def strata_of(tables: list[tuple[int, int]]) -> Strata:
    codes = np.repeat(np.arange(len(tables)), [rows for rows, _ in tables])
    labels = np.concatenate([np.arange(rows) < minority for rows, minority in tables])
    return Strata.coded(codes, labels, len(tables))


def test_85_rows_with_7_of_the_minority_can_show_nothing() -> None:
    strata = strata_of([(85, 7)])

    assert math.exp(log_p_at_best(strata)) * SPACE == pytest.approx(0.59, abs=0.005)
    assert not can_be_real(strata, SPACE, 0.0061)
    assert can_be_real(strata, SPACE, 0.6)


@pytest.mark.parametrize(
    "tables",
    [
        [(20, 2), (12, 1), (6, 3)],
        [(16, 2), (10, 0), (11, 4)],
        [(40, 1), (3, 2), (2, 1)],
        [(14, 2), (3, 3), (17, 5)],
    ],
)
def test_it_is_the_rarest_result_of_any_accepted_mask(tables: list[tuple[int, int]]) -> None:
    total = sum(rows for rows, _ in tables)
    best = 0.0
    for kept in itertools.product(*(range(rows + 1) for rows, _ in tables)):
        if rejection(sum(kept), total) is None:
            table: list[Table] = [(*own, some) for own, some in zip(tables, kept, strict=True)]
            most = sum(min(some, minority) for _, minority, some in table)
            best = min(best, log_p_value(margins(table, most)))

    assert log_p_at_best(strata_of(tables)) == pytest.approx(best, rel=1e-9)


def test_a_pool_of_ordinary_size_is_never_held_back() -> None:
    assert can_be_real(strata_of([(2_000, 160)] * 20), SPACE, 1e-9)


def test_where_every_trial_has_one_label_nothing_can_be_real() -> None:
    assert log_p_at_best(strata_of([(20, 0), (30, 30), (50, 0)])) == 0.0


def test_so_few_rows_that_no_mask_is_accepted_can_show_nothing() -> None:
    assert log_p_at_best(strata_of([(9, 4)])) == 0.0
