"""Pool files: NPZ archives and JSON lists of records, read without pickle, written whole."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from scorer_core.atomic import write_bytes
from scorer_core.errors import PoolError

_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")  # the second: an archive without members

MAX_POOL_BYTES = 2**32
"""What the columns of a pool may come to, unpacked, and the text of one in JSON: ten million rows."""
MAX_TEXT = 200
"""Characters of a text in a JSON pool: numpy gives every row of a column the room of the longest."""


def read_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Read every column of a pool file, by name.

    Raises:
        PoolError: the file is missing, is neither NPZ nor JSON, is truncated, or holds objects.
    """
    try:
        if not path.is_file():  # a pipe or a device has no end
            raise PoolError(f"{path.name}: no such file in {path.parent}. Check `survivors_path`.")
        with path.open("rb") as stream:
            return columns_of(stream, path.name)
    except OSError as error:
        raise PoolError(f"{path.name[:200]}: cannot be read ({error.strerror}). Check `survivors_path`.") from None


def columns_of(stream: BinaryIO, where: str) -> dict[str, NDArray[Any]]:
    """Read every column of a pool, by name; `where` names it in errors, and is JSON when it ends in .json.

    Raises:
        PoolError: the content is neither NPZ nor JSON, is truncated, or holds objects.
    """
    if PurePath(where).suffix == ".json":
        return _read_json(where, stream)
    if stream.read(4) not in _ZIP_SIGNATURES:
        raise PoolError(f"{where}: not an NPZ file. Write it with numpy.savez, or name it .json.")
    stream.seek(0)
    return _read_npz(where, stream)


def _read_npz(where: str, stream: BinaryIO) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    name = ""
    try:
        with np.load(stream, allow_pickle=False) as archive:
            _refuse_odd_members(archive, where)
            for name in archive.files:
                columns[name] = archive[name]
    except PoolError:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise nearly anything on damaged bytes
        if name and isinstance(error, ValueError) and "allow_pickle" in str(error):
            raise PoolError(
                f"{where}: field {name} is an object array, which could run code when read. "
                "Write it as numbers or fixed-width strings."
            ) from error
        place = f" at field {name}" if name else ""
        raise PoolError(f"{where}: the file is truncated or damaged{place} ({error}). Copy it again.") from error
    for name, column in columns.items():
        if not isinstance(column, np.ndarray):
            raise PoolError(f"{where}: field {name} is not an array. Write the file with numpy.savez.")
    return columns


def _refuse_odd_members(archive: Any, where: str) -> None:
    """Refuse an archive of which one field stands twice, or that would unpack to more than anybody's memory."""
    twice = sorted(name for name, count in Counter(archive.files).items() if count > 1)
    if twice:
        raise PoolError(f"{where}: field {', '.join(twice)} stands more than once in the file. Write it again.")
    size = sum(member.file_size for member in archive.zip.infolist())
    if size > MAX_POOL_BYTES:
        raise PoolError(f"{where}: its fields come to {size / 2**30:.1f} GiB; at most {MAX_POOL_BYTES >> 30} are read.")


def _read_json(where: str, stream: BinaryIO) -> dict[str, NDArray[Any]]:
    try:
        if stream.seek(0, io.SEEK_END) > MAX_POOL_BYTES:
            raise PoolError(f"{where}: it is larger than {MAX_POOL_BYTES >> 30} GiB. Write it as NPZ.")
        stream.seek(0)
        records = json.loads(stream.read().decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise PoolError(f"{where}: not JSON ({error}). Write the list again.") from error
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise PoolError(f"{where}: expected a JSON list of records, one per survivor.")
    if not records:
        raise PoolError(f"{where}: the pool is empty. Step 1 found no survivors; widen its search.")
    names = sorted({name for record in records for name in record})
    for row, record in enumerate(records):
        missing = [name for name in names if name not in record]
        if missing:
            raise PoolError(f"{where}: record {row} lacks {', '.join(missing)}, which other records have.")
    return {name: _json_column(where, name, [record[name] for record in records]) for name in names}


def _json_column(where: str, name: str, values: list[Any]) -> NDArray[Any]:
    longest = max((len(value) for value in values if isinstance(value, str)), default=0)
    if longest > MAX_TEXT:
        raise PoolError(f"{where}: field {name} holds a text of {longest} characters; at most {MAX_TEXT} are read.")
    try:
        column = np.array(values, dtype=_json_dtype(values))
    except (ValueError, OverflowError) as error:
        raise PoolError(f"{where}: field {name} is not a plain column ({error}).") from error
    if column.dtype.kind == "O":
        raise PoolError(f"{where}: field {name} holds values that are not numbers or strings (an object array).")
    return column


def _json_dtype(values: list[Any]) -> type | None:
    """Return the type that keeps every digit where numpy would choose floats: integers from 2**63 on."""
    if all(type(value) is int for value in values) and min(values) >= 0 and max(values) >= 2**63:
        return np.uint64
    return None


def npz_bytes(columns: Mapping[str, NDArray[Any]]) -> bytes:
    """Return an NPZ archive of the columns; the same columns give the same bytes.

    Not by `numpy.savez`: before numpy 2.1 it takes `allow_pickle` for one more column.

    Raises:
        ValueError: a column is an object array.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, column in columns.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(column), allow_pickle=False)
    return buffer.getvalue()


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write an NPZ file whole or not at all, readable by its owner alone (0600)."""
    write_bytes(path, npz_bytes(columns))
