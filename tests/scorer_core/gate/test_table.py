"""The table of checks keeps what the gate relies on: the stages in order, one function a row."""

from __future__ import annotations

import itertools

import pytest

from scorer_core.gate.checks.table import CHECK_NAMES, CHECKS, CheckRow


def stage_of(row: CheckRow) -> int:
    (stage,) = [stage for stage, function in enumerate((row.of_trials, row.on_pool)) if function is not None]
    return stage + row.last


def test_the_rows_stand_in_the_order_in_which_the_gate_comes_to_them() -> None:
    """Those that it does not come to are filled in by their place in the table."""
    assert all(stage_of(one) <= stage_of(next_one) for one, next_one in itertools.pairwise(CHECKS))


@pytest.mark.parametrize("row", CHECKS, ids=CHECK_NAMES)
def test_a_check_has_a_title_and_a_name_of_its_own(row: CheckRow) -> None:
    assert row.title
    assert CHECK_NAMES.count(row.name) == 1
