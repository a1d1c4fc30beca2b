"""java_lcg: jump-ahead against single steps, outputs against the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.pools.lcg import jump, outputs


def step_by_step(state: int, steps: int) -> int:
    for _ in range(steps):
        state = (25214903917 * state + 11) % 2**48
    return state


@given(state=st.integers(0, 2**48 - 1), steps=st.lists(st.integers(0, 400), min_size=1, max_size=5))
def test_a_jump_lands_where_single_steps_lead(state: int, steps: list[int]) -> None:
    factor, summand = jump(np.array(steps, dtype=np.int64))
    landed = [(int(a) * state + int(c)) % 2**48 for a, c in zip(factor, summand, strict=True)]
    assert landed == [step_by_step(state, n) for n in steps]


@given(first=st.integers(0, 2**40), second=st.integers(0, 2**40), state=st.integers(0, 2**48 - 1))
def test_a_long_jump_is_two_shorter_ones(first: int, second: int, state: int) -> None:
    factor, summand = (column.tolist() for column in jump(np.array([first, second, first + second], dtype=np.int64)))
    in_two = (factor[1] * (factor[0] * state + summand[0]) + summand[1]) % 2**48
    assert in_two == (factor[2] * state + summand[2]) % 2**48


def test_a_jump_does_not_change_the_steps_it_was_given() -> None:
    steps = np.array([5, 6, 7])
    jump(steps)
    assert steps.tolist() == [5, 6, 7]


@given(seeds=st.lists(st.integers(0, 2**48 - 1), min_size=1, max_size=4))
def test_outputs_are_the_upper_state_bits_modulo_1000(seeds: list[int]) -> None:
    steps = [0, 1, 2, 3, 50, 137]
    expected = [[(step_by_step(seed, n) >> 16) % 1000 for n in steps] for seed in seeds]
    assert outputs(np.array(seeds, dtype=np.uint64), np.array(steps)).tolist() == expected


def test_the_states_are_those_of_java_util_random() -> None:
    # new java.util.Random(42).nextInt() is -1170105035, the second is 234785527 (the JDK documents the algorithm).
    scrambled = 42 ^ 25214903917
    words = [-1170105035 % 2**32, 234785527]
    assert outputs(np.array([scrambled], dtype=np.uint64), np.array([1, 2])).tolist() == [[w % 1000 for w in words]]
