"""Builds worker.pyz: a zip that Python runs, the same bytes for the same sources."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_SHIPPED = ("__init__.py", "atomic.py", "errors.py", "text.py", "pool", "scoring", "rig")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAIN = b"""import os, sys
os.umask(0o077)
from scorer_core.rig.main import main
sys.exit(main())
"""


@dataclass(frozen=True)
class Bundle:
    """The worker's bytes and their SHA-256."""

    content: bytes
    sha256: str


def build() -> Bundle:
    """Build the worker from the installed sources: stored, sorted, with a fixed date and mode."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "__main__.py", _MAIN)
        for path in shipped_files():
            _add(archive, f"scorer_core/{path.relative_to(_PACKAGE).as_posix()}", path.read_bytes())
    content = buffer.getvalue()
    return Bundle(content, hashlib.sha256(content).hexdigest())


def shipped_files() -> list[Path]:
    """Return the source files that go to a rig, sorted."""
    files: list[Path] = []
    for name in _SHIPPED:
        path = _PACKAGE / name
        files.extend(path.rglob("*.py") if path.is_dir() else [path])
    return sorted(files)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    archive.writestr(entry, content)
