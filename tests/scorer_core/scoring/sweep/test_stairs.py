"""Of configs that are known, only those on the front count; what they surely beat in both is beaten."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.scoring.sweep.candidates import MARGIN
from scorer_core.scoring.sweep.stairs import Stairs

PAIRS = st.lists(st.tuples(st.floats(0, 50), st.floats(-1, 1)), max_size=12)


@given(PAIRS, PAIRS, PAIRS)
def test_a_config_is_beaten_when_one_known_has_more_of_both(
    first: list[tuple[float, float]], then: list[tuple[float, float]], asked: list[tuple[float, float]]
) -> None:
    stairs = Stairs()
    for known in (first, then):
        stairs.add(*np.array(known, np.float64).reshape(-1, 2).T)

    beaten = stairs.beat(*np.array(asked, np.float64).reshape(-1, 2).T)

    assert beaten.tolist() == [
        any(more > evidence + MARGIN * (1 + evidence) and better > objective for more, better in first + then)
        for evidence, objective in asked
    ]
