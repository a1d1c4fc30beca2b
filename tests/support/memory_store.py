"""Run files in memory, under a scheme of their own: proof that a run needs no folder, and a quick one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any

import pytest

from scorer_core.run import store as port
from scorer_core.run.store import plain

SCHEME = "memory"
_files: dict[str, tuple[bytes, float]] = {}


@dataclass(frozen=True)
class MemoryStore:
    """Files of this process; see `scorer_core.run.store.RunStore`."""

    location: str

    def read(self, name: str) -> bytes:
        try:
            return _files[self.where(name)][0]
        except KeyError:
            raise FileNotFoundError(self.where(name)) from None

    def write(self, name: str, content: bytes) -> None:
        _files[self.where(name)] = (content, time.time())

    def create(self, name: str, content: bytes) -> bool:
        ours = (content, time.time())
        return _files.setdefault(self.where(name), ours) is ours

    def exists(self, name: str) -> bool:
        return self.where(name) in _files

    def entries(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for path, (_, changed) in _files.items():
            name = path.removeprefix(f"{self.location}/").partition("/")[0]
            if path.startswith(f"{self.location}/") and not name.startswith("."):
                found[name] = max(changed, found.get(name, 0.0))
        return found

    def remove(self, name: str) -> None:
        where = self.where(name)
        for path in [path for path in _files if path == where or path.startswith(f"{where}/")]:
            del _files[path]

    def where(self, name: str) -> str:
        return f"{self.location}/{plain(name)}"


@pytest.fixture
def memory_store(monkeypatch: pytest.MonkeyPatch) -> str:
    """Install the store, empty, and return its scheme."""
    _files.clear()
    ours = EntryPoint(SCHEME, "tests.support.memory_store:MemoryStore", port.GROUP)

    def with_ours(**params: Any) -> EntryPoints:
        found = EntryPoints([ours]).select(**params)
        return EntryPoints([*entry_points(**params), *found])

    monkeypatch.setattr(port, "entry_points", with_ours)
    return SCHEME
