"""The table of checks keeps what the gate relies on: the stages in order, one function a row, early failures reject."""

from __future__ import annotations

import itertools

import pytest

from scorer_core.gate.checks.table import CHECK_NAMES, CHECKS, CheckRow, Vote


def stage_of(row: CheckRow) -> int:
    (stage,) = [
        stage
        for stage, function in enumerate((row.of_trials, row.of_candidate, row.on_holdout))
        if function is not None
    ]
    return stage


def test_the_rows_stand_in_the_order_in_which_the_gate_comes_to_them() -> None:
    """Those that it does not come to are filled in by their place in the table."""
    assert all(stage_of(one) <= stage_of(next_one) for one, next_one in itertools.pairwise(CHECKS))


@pytest.mark.parametrize("row", CHECKS, ids=CHECK_NAMES)
def test_a_check_has_a_title_and_before_the_holdout_its_failure_rejects(row: CheckRow) -> None:
    assert row.title
    assert CHECK_NAMES.count(row.name) == 1
    assert stage_of(row) == 2 or row.vote is Vote.REJECT
