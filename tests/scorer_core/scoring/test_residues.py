"""Residues are right, computed once, and never held beyond the bound."""

from __future__ import annotations

import numpy as np
import pytest

from scorer_core.scoring.residues import ResidueCache

SEEDS = np.array([0, 1, 7, 2**63 + 5, 2**64 - 1], dtype=np.uint64)
COLUMN = 2 * len(SEEDS)


@pytest.mark.parametrize("modulus", [5, 97, 1500])
def test_the_residues_are_those_of_whole_numbers(modulus: int) -> None:
    cache = ResidueCache(SEEDS, 1000)

    assert cache.of(modulus).tolist() == [int(seed) % modulus for seed in SEEDS]


def test_the_moduli_used_last_are_held_within_the_bound() -> None:
    cache = ResidueCache(SEEDS, 2 * COLUMN)
    first = cache.of(5)
    cache.of(6)
    assert cache.of(5) is first, "held"

    cache.of(7)

    assert cache.nbytes == 2 * COLUMN
    assert cache.of(5) is first
    assert cache.nbytes <= 2 * COLUMN


def test_a_bound_smaller_than_a_column_holds_nothing_and_still_answers() -> None:
    cache = ResidueCache(SEEDS, COLUMN - 1)

    assert cache.of(5).tolist() == cache.of(5).tolist() == [int(seed) % 5 for seed in SEEDS]
    assert cache.nbytes == 0


def test_what_is_held_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        ResidueCache(SEEDS, 1000).of(5)[0] = 1
