"""Damaged archives are refused, whatever the damage; archives are written whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.errors import PoolError
from scorer_core.pool.files import read_columns, write_columns
from scorer_core.pool.survivors import Pool, content_id, load_pool
from tests.support.pools import small_columns, small_pool, write_npz, write_packed_npz


def archive(compressed: bool) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return (write_packed_npz if compressed else write_npz)(
            Path(folder) / "pool.npz", **small_columns()
        ).read_bytes()


ARCHIVES = {"stored": archive(compressed=False), "compressed": archive(compressed=True)}
IDENTITY = content_id(small_pool())


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a file that each example overwrites."""
    return tmp_path_factory.mktemp("damaged") / "pool.npz"


def is_refused_or_intact(path: Path, content: bytes) -> bool:
    """Say whether the content was refused; if it loads, it must be the pool that was written."""
    path.write_bytes(content)
    outcome: Pool | PoolError
    try:
        outcome = load_pool(path)
    except PoolError as refusal:
        outcome = refusal
    if isinstance(outcome, Pool):
        assert content_id(outcome) == IDENTITY
        return False
    assert str(outcome).startswith("pool.npz: ")
    return True


@pytest.mark.parametrize("kind", list(ARCHIVES))
def test_a_file_cut_anywhere_is_refused(damaged: Path, kind: str) -> None:
    content = ARCHIVES[kind]

    accepted = [cut for cut in range(len(content)) if not is_refused_or_intact(damaged, content[:cut])]

    assert accepted == []
    assert not is_refused_or_intact(damaged, content)


def test_a_cut_file_is_called_truncated(damaged: Path) -> None:
    damaged.write_bytes(ARCHIVES["stored"][:-100])

    with pytest.raises(PoolError, match=r"pool.npz: the file is truncated or damaged \(.+\). Copy it again."):
        load_pool(damaged)


@pytest.mark.parametrize(("kind", "flip"), list(zip(ARCHIVES, (0x01, 0xFF), strict=True)))
def test_one_changed_byte_anywhere_is_refused_or_harmless(damaged: Path, kind: str, flip: int) -> None:
    content = bytearray(ARCHIVES[kind])
    refused = 0
    for position in range(len(content)):
        content[position] ^= flip
        refused += is_refused_or_intact(damaged, bytes(content))
        content[position] ^= flip

    assert refused > len(content) / 2


@given(
    kind=st.sampled_from(list(ARCHIVES)),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 2000) | st.none(),
    tail=st.binary(max_size=40),
)
def test_any_mixture_of_damage_is_refused_or_harmless(
    damaged: Path, kind: str, changes: list[tuple[int, int]], cut: int | None, tail: bytes
) -> None:
    content = bytearray(ARCHIVES[kind])
    for position, value in changes:
        content[position % len(content)] = value

    refused = is_refused_or_intact(damaged, bytes(content[:cut]) + tail)

    assert refused or cut is None or cut >= len(content)


@given(noise=st.binary(max_size=300))
def test_noise_behind_a_zip_signature_is_refused(damaged: Path, noise: bytes) -> None:
    assert is_refused_or_intact(damaged, b"PK\x03\x04" + noise)


def npy_header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin-1")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<i8', 'fortran_order': False, 'shape': (10000000000000,), }",
        "{'descr': '<i8', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<i8', 'fortran_order': False, 'shape': (3L,), }",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': [('a', '<i8')] * 9, 'fortran_order': False}",
        "('''",
        "{" * 400,
        "",
    ],
    ids=["huge", "negative", "python 2", "no type", "expression", "open string", "deep", "empty"],
)
def test_an_array_with_a_mad_header_is_refused(tmp_path: Path, header: str) -> None:
    path = write_npz(tmp_path / "pool.npz", **small_columns())
    with zipfile.ZipFile(path, "a") as members:
        members.writestr("score.npy", npy_header(header))

    with pytest.raises(PoolError, match=r"pool.npz: .*(truncated or damaged|not an array)"):
        load_pool(path)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    columns = {**small_columns(), "score": np.linspace(0, 1, 60), "prng_type": np.array(["java_lcg"] * 60)}

    write_columns(tmp_path / "pool.npz", columns)

    read = read_columns(tmp_path / "pool.npz")
    assert list(read) == list(columns)
    for name, column in columns.items():
        assert read[name].dtype == column.dtype
        assert read[name].tolist() == column.tolist()


def test_the_same_columns_give_the_same_bytes_whenever_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_columns(tmp_path / "one.npz", small_columns())
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    write_columns(tmp_path / "two.npz", small_columns())

    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_columns(tmp_path / "pool.npz", small_columns())
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "pool.npz").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["pool.npz"]


def test_a_new_version_replaces_the_old_one(tmp_path: Path) -> None:
    write_columns(tmp_path / "pool.npz", small_columns(seed=1))

    write_columns(tmp_path / "pool.npz", small_columns(seed=0))

    assert content_id(load_pool(tmp_path / "pool.npz")) == IDENTITY


@pytest.mark.parametrize("name", ["score", "file", "allow_pickle"])
def test_columns_that_cannot_be_written_leave_the_old_file_and_nothing_else(tmp_path: Path, name: str) -> None:
    write_columns(tmp_path / "pool.npz", small_columns())
    before = (tmp_path / "pool.npz").read_bytes()

    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_columns(tmp_path / "pool.npz", {**small_columns(seed=1), name: np.array([{}] * 60, dtype=object)})

    assert (tmp_path / "pool.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["pool.npz"]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pool.npz"
    write_columns(path, small_columns(seed=1))
    replace, seen = os.replace, []

    def watch(source: Path, target: Path) -> None:
        seen.append((content_id(load_pool(path)), Path(source).stat().st_size))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    write_columns(path, small_columns(seed=0))

    assert seen == [(content_id(small_pool(seed=1)), path.stat().st_size)]
    assert content_id(load_pool(path)) == IDENTITY


def test_a_destination_that_cannot_be_replaced_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "pool.npz").mkdir()

    with pytest.raises(IsADirectoryError):
        write_columns(tmp_path / "pool.npz", small_columns())

    assert [path.name for path in tmp_path.iterdir()] == ["pool.npz"]


@pytest.mark.parametrize("name", ["file", "allow_pickle"])
def test_a_column_may_have_the_name_of_an_argument_of_savez(tmp_path: Path, name: str) -> None:
    write_columns(tmp_path / "pool.npz", {**small_columns(), name: np.arange(60)})

    assert read_columns(tmp_path / "pool.npz")[name].tolist() == list(range(60))
