"""Files that are written whole or not at all, in private folders. Shipped to rigs: standard library only."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file: temporary file beside it, fsync, rename, fsync of the folder. Mode 0600."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def create_bytes(path: Path, content: bytes) -> bool:
    """Make a file, whole, and say True; say False, and leave it, where it is there: of several at once one makes it."""
    ours = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_bytes(ours, content)
    try:
        os.link(ours, path)
    except FileExistsError:
        return False
    finally:
        ours.unlink()
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk: a new or replaced file survives a power cut under its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_folder(path: Path) -> None:
    """Make a folder and its missing parents, each for its owner alone (0700)."""
    for folder in reversed((path, *path.parents)):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
