"""Which rows a trial scores."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.pool.sampling import sample_rows

trial_numbers = st.integers(0, 2**31 - 1)


@given(n_rows=st.integers(2, 5000), trial_number=trial_numbers, data=st.data())
def test_a_sample_is_the_prescribed_one(n_rows: int, trial_number: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, n_rows - 1))

    rows = sample_rows(n_rows, size, trial_number)

    assert rows is not None
    assert rows.tolist() == random.Random(trial_number).sample(range(n_rows), size)
    assert rows.dtype == np.intp
    assert len(set(rows.tolist())) == size


@given(n_rows=st.integers(1, 5000), trial_number=trial_numbers, beyond=st.integers(0, 10**9))
def test_all_rows_are_scored_when_the_sample_is_not_smaller_than_the_pool(
    n_rows: int, trial_number: int, beyond: int
) -> None:
    assert sample_rows(n_rows, n_rows + beyond, trial_number) is None
    assert sample_rows(n_rows, None, trial_number) is None


@pytest.mark.parametrize(
    ("trial_number", "rows"),
    [(0, [864, 394, 776, 911, 430]), (1, [137, 582, 867, 821, 782]), (99, [413, 389, 204, 613, 183])],
)
def test_the_choice_is_the_same_on_every_machine(trial_number: int, rows: list[int]) -> None:
    chosen = sample_rows(1000, 5, trial_number)

    assert chosen is not None
    assert chosen.tolist() == rows
