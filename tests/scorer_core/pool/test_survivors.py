"""Good pools: every accepted form loads to the same rows, and has the same identity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.pool.survivors import OPTIONAL_FIELDS, Pool, content_id, load_pool, pool_from_columns
from tests.support.pools import Columns, small_columns, small_pool, write_json, write_npz, write_packed_npz


def as_rows(pool: Pool) -> list[tuple[int, bool, int]]:
    columns = (pool.seeds.tolist(), pool.minority.tolist(), pool.trial_number.tolist())
    return list(zip(*columns, strict=True))


def test_the_golden_pool_loads_with_its_extras(golden_pool: Pool) -> None:
    assert len(golden_pool) == 6739
    assert golden_pool.minority_share == pytest.approx(0.0771627838, abs=1e-9)
    assert set(golden_pool.extras) == {
        "forward_matches",
        "reverse_matches",
        "bidirectional_count",
        "intersection_ratio",
    }


def test_a_pool_with_the_required_fields_only_loads(tmp_path: Path) -> None:
    columns = small_columns()

    pool = load_pool(write_npz(tmp_path / "pool.npz", **columns))

    expected = zip(columns["seeds"].tolist(), columns["skip_mode"] == 1, columns["trial_number"].tolist(), strict=True)
    assert as_rows(pool) == list(expected)
    kinds = [column.dtype for column in (pool.seeds, pool.minority, pool.trial_number)]
    assert kinds == [np.uint64, np.bool_, np.int64]
    assert pool.extras == {}


def test_every_optional_field_is_carried_along_and_no_unknown_one(tmp_path: Path) -> None:
    extras: Columns = {name: np.linspace(0, 1, 60) for name in OPTIONAL_FIELDS if name != "prng_type"}
    extras["prng_type"] = np.array(["java_lcg"] * 60)
    path = write_npz(tmp_path / "pool.npz", **small_columns(), **extras, not_in_the_contract=np.zeros(60))

    pool = load_pool(path)

    assert len(OPTIONAL_FIELDS) == 19
    assert {name: column.tolist() for name, column in pool.extras.items()} == {
        name: column.tolist() for name, column in extras.items()
    }


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.int32, np.uint32, ">i8"])
def test_any_integer_type_holds_seeds(tmp_path: Path, dtype: Any) -> None:
    columns = small_columns()
    path = write_npz(tmp_path / "pool.npz", **{**columns, "seeds": columns["seeds"].astype(dtype)})

    assert as_rows(load_pool(path)) == as_rows(small_pool())


def with_seeds(*first: int) -> Columns:
    columns = small_columns()
    columns["seeds"] = columns["seeds"].astype(np.uint64)
    columns["seeds"][: len(first)] = first
    return columns


@pytest.mark.parametrize("write", [write_npz, write_json])
def test_seeds_above_2_to_the_63_keep_every_digit(tmp_path: Path, write: Any) -> None:
    columns = with_seeds(2**63, 2**63 + 1, 2**64 - 1)
    path = tmp_path / ("pool.npz" if write is write_npz else "pool.json")

    pool = load_pool(write_npz(path, **columns) if write is write_npz else write_json(path, columns))

    assert pool.seeds[:3].tolist() == [2**63, 2**63 + 1, 2**64 - 1]


@pytest.mark.parametrize(
    "skip_mode",
    [
        lambda labels: labels.astype(np.int64),
        lambda labels: labels.astype(np.bool_),
        lambda labels: np.where(labels == 1, "variable", "constant"),
        lambda labels: np.where(labels == 1, b"variable", b"constant"),
    ],
    ids=["integers", "booleans", "words", "bytes"],
)
def test_skip_mode_may_be_numbers_or_words(skip_mode: Any) -> None:
    columns = small_columns()

    pool = pool_from_columns({**columns, "skip_mode": skip_mode(columns["skip_mode"])}, where="here")

    assert as_rows(pool) == as_rows(small_pool())


def test_a_json_pool_is_the_same_pool_as_its_npz(tmp_path: Path) -> None:
    columns = {**small_columns(), "score": np.linspace(0, 1, 60)}

    from_json = load_pool(write_json(tmp_path / "pool.json", columns))
    from_npz = load_pool(write_npz(tmp_path / "pool.npz", **columns))

    assert as_rows(from_json) == as_rows(from_npz)
    assert from_json.extras["score"].tolist() == from_npz.extras["score"].tolist()
    assert content_id(from_json) == content_id(from_npz)


def test_selected_rows_keep_their_columns_together() -> None:
    pool = small_pool()

    assert as_rows(pool.rows(np.array([5, 3]))) == [as_rows(pool)[5], as_rows(pool)[3]]
    assert len(pool.rows(pool.minority)) == int(pool.minority.sum())
    assert pool.rows(pool.minority).minority_share == 1.0


@given(order=st.integers(0, 2**32), n=st.integers(2, 100), seed=st.integers(0, 2**32))
def test_the_row_order_does_not_change_the_identity(order: int, n: int, seed: int) -> None:
    pool = small_pool(n, seed)

    assert content_id(pool.rows(np.random.default_rng(order).permutation(n))) == content_id(pool)


def test_file_name_compression_and_extras_do_not_change_the_identity(tmp_path: Path) -> None:
    columns = small_columns()
    write_packed_npz(tmp_path / "packed.npz", **columns)
    plain = write_npz(tmp_path / "plain.npz", **columns)
    with_extras = write_npz(tmp_path / "extras.npz", **columns, score=np.linspace(0, 1, 60))

    identities = {content_id(load_pool(path)) for path in (tmp_path / "packed.npz", plain, with_extras)}

    assert identities == {content_id(small_pool())}


@given(row=st.integers(0, 59), name=st.sampled_from(["seeds", "skip_mode", "trial_number"]))
def test_any_changed_seed_label_or_trial_number_changes_the_identity(row: int, name: str) -> None:
    columns = small_columns(minority_share=0.5)
    changed = columns[name].copy()
    changed[row] = {"seeds": 1_000_000, "skip_mode": 1 - int(changed[row]), "trial_number": 99}[name]

    other = pool_from_columns({**columns, name: changed}, where="changed")

    assert content_id(other) != content_id(pool_from_columns(columns, where="original"))


@given(rows=st.lists(st.integers(0, 59), min_size=2, max_size=2, unique=True))
def test_swapping_the_seeds_of_two_different_rows_changes_the_identity(rows: list[int]) -> None:
    columns = small_columns()
    columns["trial_number"] = np.arange(60)
    swapped = columns["seeds"].copy()
    swapped[rows] = swapped[rows[::-1]]

    other = pool_from_columns({**columns, "seeds": swapped}, where="swapped")

    assert content_id(other) != content_id(pool_from_columns(columns, where="original"))


def test_the_identity_of_the_golden_pool_never_changes(golden_pool: Pool) -> None:
    """The alpha already spent on a pool is kept under this name."""
    assert content_id(golden_pool) == "a679b4d4a05e84363e850cb2d1572967765a5937916102a8014a94ec5c23d20a"
