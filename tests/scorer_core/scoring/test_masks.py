"""The residue mask against a seed-by-seed reading of its rule, for every policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.scoring import masks
from scorer_core.scoring.masks import Mask, residue_mask
from scorer_core.scoring.policies import MaskPolicy, rules_of
from scorer_core.scoring.space import completed

OFFSET, FRACTION = MaskPolicy.MAX_OFFSET, MaskPolicy.KEEP_FRACTION

seed_lists = st.lists(st.one_of(st.integers(0, 3000), st.integers(0, 2**64 - 1)), min_size=1, max_size=60, unique=True)
moduli = st.fixed_dictionaries(
    {
        "residue_mod_1": st.integers(5, 20),
        "residue_mod_2": st.integers(50, 150),
        "residue_mod_3": st.integers(500, 1500),
    }
)
small_moduli = st.fixed_dictionaries({f"residue_mod_{i}": st.integers(1, 16) for i in (1, 2, 3)})
offsets = st.integers(1, 15)
fractions = st.floats(0.1, 0.9)


def plain_votes(seed: int, params: dict[str, Any], policy: MaskPolicy) -> list[bool]:
    """Say for one seed, in Python integers, which of the three dimensions vote for it."""
    votes = []
    for name in ("residue_mod_1", "residue_mod_2", "residue_mod_3"):
        m = params[name]
        if policy is OFFSET:
            votes.append(seed % m < max(1, min(params["max_offset"], max(m - 1, 1))))
        else:
            votes.append(seed % m < m * params["keep_fraction"])
    return votes


def test_residues_that_vote_may_begin_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    band = replace(rules_of(OFFSET), votes=lambda modulus, reach: range(modulus // 2, modulus // 2 + int(reach)))
    monkeypatch.setattr(masks, "rules_of", lambda policy: band)

    assert masks.votes_of(np.arange(9, dtype=np.uint16), 9, 2, OFFSET).tolist() == [n in (4, 5) for n in range(9)]


def mask_of(seeds: list[int], params: dict[str, Any], policy: MaskPolicy) -> Mask:
    return residue_mask(np.array(seeds, dtype=np.uint64), completed(params, policy), policy)


def assert_is_the_plain_mask(seeds: list[int], params: dict[str, Any], policy: MaskPolicy) -> None:
    mask = mask_of(seeds, params, policy)
    votes = [plain_votes(seed, params, policy) for seed in seeds]

    assert mask.kept.dtype == np.bool_
    assert mask.kept.tolist() == [sum(vote) >= 2 for vote in votes]
    assert mask.pass_rates == tuple(sum(column) / len(seeds) for column in zip(*votes, strict=True))


@given(seeds=seed_lists, params=moduli, max_offset=offsets)
def test_max_offset_keeps_what_two_of_three_votes_keep(
    seeds: list[int], params: dict[str, Any], max_offset: int
) -> None:
    assert_is_the_plain_mask(seeds, {**params, "max_offset": max_offset}, OFFSET)


@given(seeds=seed_lists, params=moduli, keep_fraction=fractions)
def test_keep_fraction_keeps_what_two_of_three_votes_keep(
    seeds: list[int], params: dict[str, Any], keep_fraction: float
) -> None:
    assert_is_the_plain_mask(seeds, {**params, "keep_fraction": keep_fraction}, FRACTION)


@given(seeds=seed_lists, params=small_moduli, max_offset=offsets)
def test_a_modulus_not_above_the_offset_follows_the_same_rule(
    seeds: list[int], params: dict[str, Any], max_offset: int
) -> None:
    assert_is_the_plain_mask(seeds, {**params, "max_offset": max_offset}, OFFSET)


@given(m=st.integers(2, 20), max_offset=offsets)
def test_the_largest_residue_never_votes(m: int, max_offset: int) -> None:
    """However large the offset: `o` stays at most m - 1."""
    params = {"residue_mod_1": m, "residue_mod_2": m, "residue_mod_3": m, "max_offset": max_offset}

    mask = mask_of(list(range(m)), params, OFFSET)

    assert not mask.kept[m - 1]
    assert int(mask.kept.sum()) == min(max_offset, m - 1)


def test_a_modulus_of_one_lets_everything_pass() -> None:
    params = {"residue_mod_1": 1, "residue_mod_2": 1, "residue_mod_3": 1, "max_offset": 15}

    assert mask_of([0, 1, 2**64 - 1], params, OFFSET).kept.all()


@given(seeds=seed_lists, params=moduli, two=st.tuples(offsets, offsets))
def test_a_larger_max_offset_only_adds_rows(seeds: list[int], params: dict[str, Any], two: tuple[int, int]) -> None:
    narrow = mask_of(seeds, {**params, "max_offset": min(two)}, OFFSET)
    wide = mask_of(seeds, {**params, "max_offset": max(two)}, OFFSET)

    assert not (narrow.kept & ~wide.kept).any()


@given(seeds=seed_lists, params=moduli, two=st.tuples(fractions, fractions))
def test_a_larger_keep_fraction_only_adds_rows(
    seeds: list[int], params: dict[str, Any], two: tuple[float, float]
) -> None:
    narrow = mask_of(seeds, {**params, "keep_fraction": min(two)}, FRACTION)
    wide = mask_of(seeds, {**params, "keep_fraction": max(two)}, FRACTION)

    assert not (narrow.kept & ~wide.kept).any()


@given(seeds=seed_lists, params=moduli, max_offset=offsets, shuffle=st.randoms(use_true_random=False))
def test_a_row_is_judged_alone(seeds: list[int], params: dict[str, Any], max_offset: int, shuffle: Any) -> None:
    params["max_offset"] = max_offset
    verdicts = dict(zip(seeds, mask_of(seeds, params, OFFSET).kept.tolist(), strict=True))
    shuffled = shuffle.sample(seeds, len(seeds))

    kept = mask_of(shuffled, params, OFFSET).kept.tolist()

    assert kept == [verdicts[seed] for seed in shuffled]


@pytest.mark.parametrize(
    ("keep_fraction", "blind"), [(0.88, False), (0.89, True), (0.9, True)], ids=["88 %", "90 %, rounded up", "90 %"]
)
def test_a_dimension_is_blind_from_ninety_percent_of_the_rows_on(keep_fraction: float, blind: bool) -> None:
    """Modulus 50 over one whole period: residues below 44, or below 44.5 and so 45 of them, or below 45."""
    params = {"residue_mod_1": 50, "residue_mod_2": 50, "residue_mod_3": 500, "keep_fraction": keep_fraction}

    mask = mask_of(list(range(50)), params, FRACTION)

    assert mask.pass_rates == (0.9 if blind else 0.88, 0.9 if blind else 0.88, 1.0)
    assert mask.blind == (blind, blind, True)
