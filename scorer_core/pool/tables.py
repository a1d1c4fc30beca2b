"""Table files: arrays that are made once and mapped by many, read-only; whole and unaltered, or not used.

A file begins with the SHA-256 of all that follows, in hexadecimal, and one line of JSON which says what the arrays
are; it is padded to HEADER_BYTES. The arrays follow, little-endian, each at a multiple of 64 bytes.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import mmap
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorer_core.atomic import sync_folder
from scorer_core.errors import TableError

HEADER_BYTES = 4096
_SHA_BYTES = 64
_ALIGNED = 64
_CHUNK = 2**22

Shapes = Mapping[str, tuple[str, tuple[int, ...]]]
"""The type, as numpy writes it with its byte order, and the shape of each array."""
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Table:
    """A mapped table: what it says of itself, and its arrays, which cannot be written to.

    It is held, with a shared lock on its file, for as long as the process lives: retention leaves it alone.
    """

    facts: Mapping[str, Any]
    arrays: Arrays


def table_bytes(shapes: Shapes) -> int:
    """Return the size of the file of such arrays."""
    return _places(shapes)[1]


def write_table(
    path: Path, staging: Path, facts: Mapping[str, Any], shapes: Shapes, fill: Callable[[Arrays], None]
) -> None:
    """Make a table: `fill` writes the arrays in place; under its name there is a whole file or none.

    Raises:
        TableError: the disk has too little space; the message says how much is needed.
    """
    places, size = _places(shapes)
    header = json.dumps({"facts": dict(facts), "arrays": {n: [*shapes[n], places[n]] for n in shapes}, "size": size})
    if _SHA_BYTES + len(header) + 1 > HEADER_BYTES:
        raise ValueError(f"a table's header has {len(header)} bytes; it must fit into {HEADER_BYTES}.")
    temporary = staging / f"{path.name}.{uuid.uuid4().hex}"
    for folder in (staging, path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with open(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b") as stream:
            _allocate(stream.fileno(), size, path)
            content = mmap.mmap(stream.fileno(), size)  # closed with the last array that looks at it
            content[_SHA_BYTES:HEADER_BYTES] = header.encode().ljust(HEADER_BYTES - _SHA_BYTES)
            fill({name: _view(content, kind, shape, places[name]) for name, (kind, shape) in shapes.items()})
            content[:_SHA_BYTES] = _digest(content).encode()
            content.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def map_table(path: Path) -> Table:
    """Map a table and check every byte of it.

    Raises:
        TableError: it is not there, torn, altered, or of another format.
    """
    try:
        with path.open("rb") as stream:
            held = os.dup(stream.fileno())  # never closed: the lock lasts as long as the process
            fcntl.flock(held, fcntl.LOCK_SH)
            content = mmap.mmap(held, 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise TableError(f"{path.name} cannot be mapped ({error}). Clear deploy_worker to make it again.") from None
    try:
        if len(content) < HEADER_BYTES or _digest(content) != content[:_SHA_BYTES].decode():
            raise ValueError("its checksum is another one")
        header = json.loads(content[_SHA_BYTES:HEADER_BYTES])
        if header["size"] != len(content):
            raise ValueError("its length is another one")
        arrays = {name: _view(content, *place) for name, place in header["arrays"].items()}
    except (ValueError, KeyError, TypeError) as error:
        os.close(held)
        raise TableError(f"{path.name} is torn or altered: {error}. Clear deploy_worker to make it again.") from None
    return Table(header["facts"], arrays)


def _view(content: mmap.mmap, kind: str, shape: tuple[int, ...], place: int) -> NDArray[Any]:
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(content, np.dtype(kind), count, place).reshape(tuple(shape))


def _places(shapes: Shapes) -> tuple[dict[str, int], int]:
    """Return where each array begins, and where the last one ends."""
    places, end = {}, HEADER_BYTES
    for name, (kind, shape) in shapes.items():
        places[name] = -(-end // _ALIGNED) * _ALIGNED
        end = places[name] + np.dtype(kind).itemsize * int(np.prod(shape, dtype=np.int64))
    return places, end


def _digest(content: mmap.mmap) -> str:
    digest = hashlib.sha256()
    with memoryview(content) as view:
        for start in range(_SHA_BYTES, len(view), _CHUNK):
            digest.update(view[start : start + _CHUNK])
    return digest.hexdigest()


def _allocate(descriptor: int, size: int, path: Path) -> None:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise TableError(
            f"{path.name} needs {size / 1e6:.0f} MB below {path.parent}, and the disk has less ({error.strerror}). "
            "Free some space, or set `tables: false` for the node."
        ) from None
