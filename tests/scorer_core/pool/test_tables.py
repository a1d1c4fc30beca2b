"""A table is mapped whole and unaltered, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from scorer_core.errors import TableError
from scorer_core.pool.tables import HEADER_BYTES, Arrays, map_table, table_bytes, write_table

SHAPES = {"small": ("<u4", (7,)), "wide": ("<f8", (3, 5))}
FACTS = {"format": 1, "pool": "a"}


def fill(arrays: Arrays) -> None:
    arrays["small"][:] = np.arange(7)
    arrays["wide"][:] = np.arange(15).reshape(3, 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "tables" / "a.table"
    write_table(made, tmp_path / "incoming", FACTS, SHAPES, fill)
    return made


def test_what_was_written_is_mapped_and_cannot_be_changed(path: Path) -> None:
    table = map_table(path)

    assert table.facts == FACTS
    assert table.arrays["small"].tolist() == list(range(7))
    assert table.arrays["wide"].tolist() == np.arange(15.0).reshape(3, 5).tolist()
    with pytest.raises(ValueError, match="read-only"):
        table.arrays["small"][0] = 1
    assert path.stat().st_size == table_bytes(SHAPES)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", [0, 64, 100, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 30, -1])
def test_a_table_of_which_one_byte_was_altered_is_refused(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)

    with pytest.raises(TableError, match="a.table is torn or altered: .*Clear deploy_worker to make it again"):
        map_table(path)


@pytest.mark.parametrize("size", [0, 10, HEADER_BYTES, -1])
def test_a_torn_table_is_refused(path: Path, size: int) -> None:
    os.truncate(path, size if size >= 0 else path.stat().st_size - 1)

    with pytest.raises(TableError, match="a.table"):
        map_table(path)


def test_a_missing_table_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="none.table cannot be mapped .*Clear deploy_worker"):
        map_table(tmp_path / "none.table")


def test_a_maker_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def fails(arrays: Arrays) -> None:
        fill(arrays)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_table(tmp_path / "tables" / "a.table", tmp_path / "incoming", FACTS, SHAPES, fails)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_disk_says_how_much_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _offset: int, _size: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "posix_fallocate", full)
    shapes = {"large": ("<f8", (10**6,))}

    with pytest.raises(TableError, match=r"a.table needs 8 MB below .*tables: false"):
        write_table(tmp_path / "tables" / "a.table", tmp_path / "incoming", FACTS, shapes, fill)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
