"""Where run files are: a port. A local folder, or what an entry point of the group `scorer.stores` opens.

A location is an absolute path, or a URL whose scheme is the entry point's name; the entry point is a function
that takes the location and returns a `RunStore`. `scorer_core.testing.stores` says what a store must do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from scorer_core.atomic import create_bytes, make_private_folder, write_bytes
from scorer_core.errors import SettingsError
from scorer_core.rig.scripts import clean

GROUP = "scorer.stores"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class RunStore(Protocol):
    """Entries by plain names at one location: the files of a run or, where the runs are, the runs.

    Processes on several machines may use one location at once. A store is cheap to open, and is opened
    again in each process; one object need not serve two threads.

    Raises:
        ValueError: a name is empty, `.`, `..`, or holds a slash.
        OSError: the place cannot be reached, read or written.
    """

    @property
    def location(self) -> str:
        """The location that it was opened by."""

    def read(self, name: str) -> bytes:
        """Return the content of a file; raises FileNotFoundError when it is not there."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, in place of the one that is there; the location is made if missing."""

    def create(self, name: str, content: bytes) -> bool:
        """Write a file whole and say True, unless one is there; of several processes at once one alone does."""

    def exists(self, name: str) -> bool:
        """Say whether a file is there."""

    def entries(self) -> dict[str, float]:
        """Return what is here, without names that begin with a dot, and when it was last changed.

        The time, in seconds since the epoch, is the latest of the entry itself and of what is directly in it.
        """

    def remove(self, name: str) -> None:
        """Remove a file, or a run with all its files; what is not there is no error."""

    def where(self, name: str) -> str:
        """Return where a file is, for people."""


@dataclass(frozen=True)
class LocalStore:
    """A folder of this machine, or of a disk that it mounts, private to its owner (0700, files 0600)."""

    folder: Path

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self.folder)

    def read(self, name: str) -> bytes:
        """Return the content of a file; raises FileNotFoundError when it is not there."""
        return self._path(name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Write a file: beside it, synced, renamed."""
        path = self._path(name)
        make_private_folder(self.folder)
        write_bytes(path, content)

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that is not there: beside it, synced, linked."""
        path = self._path(name)
        make_private_folder(self.folder)
        return create_bytes(path, content)

    def exists(self, name: str) -> bool:
        """Say whether a file is there."""
        return self._path(name).exists()

    def entries(self) -> dict[str, float]:
        """Return what is in the folder, and when it was last changed."""
        return clean.entries(self.folder)

    def remove(self, name: str) -> None:
        """Remove a file, a link, or a folder with all that is in it."""
        with suppress(FileNotFoundError):
            clean.remove(self._path(name))

    def where(self, name: str) -> str:
        """Return a file's path."""
        return str(self._path(name))

    def _path(self, name: str) -> Path:
        return self.folder / plain(name)


def open_store(location: str) -> RunStore:
    """Open the store of a location.

    Raises:
        SettingsError: no installed package knows the location's scheme.
    """
    scheme = _SCHEME.match(location)
    if scheme is None:
        return LocalStore(Path(location))
    found = entry_points(group=GROUP, name=scheme[1])
    if not found:
        known = ", ".join(sorted(entry.name for entry in entry_points(group=GROUP)))
        raise SettingsError(
            f"no store for {scheme[0]} is installed; known schemes are: {known or 'none'}. "
            "Install the package that brings it, or name a folder."
        )
    opened: Callable[[str], RunStore] = next(iter(found)).load()
    return opened(location)


def is_url(location: str) -> bool:
    """Say whether a location has a scheme; a path has none."""
    return _SCHEME.match(location) is not None


def below(location: str, name: str) -> str:
    """Return the location of a run among the runs of a location."""
    return f"{location.rstrip('/')}/{plain(name)}"


def above(location: str) -> str:
    """Return the location that a run's is below."""
    return location.rstrip("/").rpartition("/")[0] or "/"


def plain(name: str) -> str:
    """Return a name that leads nowhere else; raises ValueError for any other."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is no plain name of a run or of a run's file.")
    return name
