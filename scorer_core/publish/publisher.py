"""The published config: replaced atomically, the previous one archived, one publisher at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ELOOP
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from scorer_core.atomic import make_private_folder, sync_folder, write_bytes
from scorer_core.errors import PublishError
from scorer_core.pool.files import npz_bytes
from scorer_core.run.files import from_json_bytes

CONFIG_NAME = "optimal_scorer_config.json"
RUN_CONTEXT = "_run_context"
ANYTHING = "anything"


def _nothing(_content: bytes) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Publisher:
    """Owns the folder of the published config and its archive."""

    folder: Path

    @property
    def config(self) -> Path:
        """The file that later steps read."""
        return self.folder / CONFIG_NAME

    @property
    def archive(self) -> Path:
        """Earlier published files, numbered, the highest number the latest."""
        return self.folder / "archive"

    @property
    def pools(self) -> Path:
        """The seeds of each pool that a config was published from, by the pool's content."""
        return self.folder / "pools"

    def published(self) -> dict[str, Any] | None:
        """Return the published config, or None when nothing was ever published.

        Raises:
            PublishError: the file is there but is no JSON object.
        """
        current = self.current()
        return None if current is None else current[0]

    def current(self) -> tuple[dict[str, Any], str] | None:
        """Return the published config and the SHA-256 of its file; raises what `published` raises."""
        try:
            content = self._current()
            document = None if content is None else from_json_bytes(content)
        except (OSError, ValueError, RecursionError) as error:
            raise PublishError(
                f"{self.config}: the published config cannot be read ({error}). Run `scorer rollback`."
            ) from None
        if content is None:
            return None
        if not isinstance(document, dict):
            raise PublishError(f"{self.config}: the published config is no JSON object. Run `scorer rollback`.")
        return document, fingerprint_of(content)

    def keep_seeds(self, pool_content: str, seeds: NDArray[np.uint64]) -> None:
        """Keep the seeds of a pool that a config is about to be published from; again changes nothing."""
        file = self._seeds_file(pool_content)
        if not file.exists():
            with self._alone():
                make_private_folder(self.pools)
                write_bytes(file, npz_bytes({"seeds": np.sort(seeds)}))

    def seeds_of(self, config: Mapping[str, Any]) -> NDArray[np.uint64] | None:
        """Return the seeds that a published config was published from; None where they are not kept."""
        context = config.get(RUN_CONTEXT)
        content = context.get("pool_content") if isinstance(context, Mapping) else None
        if not isinstance(content, str) or not content.isalnum():
            return None
        try:
            with np.load(self._seeds_file(content), allow_pickle=False) as columns:
                return np.asarray(columns["seeds"], dtype=np.uint64)
        except (OSError, ValueError, KeyError, BadZipFile):
            return None

    def config_known_by(self, fingerprint: str) -> dict[str, Any] | None:
        """Return the config that a fingerprint names, published or archived; None where its file is not there.

        Raises:
            OSError, ValueError, RecursionError: a file cannot be read.
        """
        for path in (self.config, *sorted(self.archive.glob("*"), reverse=True)):
            if path == self.config or path.stem.isdecimal():
                content = path.read_bytes() if path.is_file() else b""
                if content and fingerprint_of(content) == fingerprint:
                    document = from_json_bytes(content)
                    return document if isinstance(document, dict) else None
        return None

    def is_published(self, content: bytes) -> bool:
        """Say whether these very bytes are the published config."""
        return self._current() == content

    def publish(self, content: bytes, replaces: str | None = ANYTHING) -> Path | None:
        """Replace the published config; return where the previous one is archived, if there was one.

        `replaces` is the fingerprint of the file that the content was found better than. Publishing
        the same bytes again changes nothing.

        Raises:
            PublishError: another file was published meanwhile, another publisher is at work, or the
                folder cannot be written.
        """
        with self._alone():
            previous = self._current()
            if previous == content:
                return self._latest()
            if replaces not in (ANYTHING, None if previous is None else fingerprint_of(previous)):
                raise PublishError(
                    f"{self.config}: the published config is not the one that this run was compared with. "
                    "It stands; trigger a new run, which will be compared with it."
                )
            archived = None if previous is None else self._archive_once(previous)
            write_bytes(self._target(), content)
            return archived

    def rollback(
        self, withdraw: Callable[[bytes], None] = _nothing, accept: Callable[[bytes], None] = _nothing
    ) -> Path:
        """Put the latest archived file back, byte for byte, and return the archive name it had.

        The file that is replaced is kept beside it, with the ending `.withdrawn`; `withdraw` is given its content
        first. `accept` is given what would be put back, and raises PublishError when that may not be.

        Raises:
            PublishError: nothing is archived, what is archived was not accepted, or another publisher is at work.
        """
        with self._alone():
            current = self._current()
            latest = self._latest()
            if latest is not None and latest.read_bytes() == current:  # left by a publisher that was killed
                latest.unlink()
                latest = self._latest()
            if latest is None:
                raise PublishError(f"{self.archive}: nothing is archived, so there is nothing to go back to.")
            restored = latest.read_bytes()
            try:
                accept(restored)
            except PublishError as error:
                raise PublishError(
                    f"{latest}: {error} The published config stands. Move that file away to go back one further."
                ) from None
            if current is not None:
                withdraw(current)
                write_bytes(latest.with_suffix(".withdrawn"), current)
            write_bytes(self._target(), restored)
            latest.unlink()
            sync_folder(self.archive)
            return latest

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            make_private_folder(self.archive)
            descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise PublishError(f"{self.folder}: cannot be written ({error.strerror}). The old config stands.") from None
        with os.fdopen(descriptor):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise PublishError(f"{self.folder}: another publisher is at work. Try again when it is done.") from None
            try:
                yield
            except OSError as error:
                raise PublishError(
                    f"{self.config}: cannot be written ({error.strerror}). The old config stands."
                ) from None

    def _seeds_file(self, pool_content: str) -> Path:
        return self.pools / f"{pool_content}.npz"

    def _target(self) -> Path:
        """Return the file to replace: the config, or what it is a link to, wherever that is; the link stays."""
        target = Path(os.path.realpath(self.config))
        if target.is_symlink():
            raise OSError(ELOOP, os.strerror(ELOOP))
        return target

    def _current(self) -> bytes | None:
        return self.config.read_bytes() if self.config.exists() else None

    def _archive_once(self, previous: bytes) -> Path:
        """Archive a config, unless a publisher that was killed before it went on has done so."""
        latest = self._latest()
        if latest is not None and latest.read_bytes() == previous:
            return latest
        archived = self.archive / f"{1 + self._highest():06d}.json"
        write_bytes(archived, previous)
        return archived

    def _latest(self) -> Path | None:
        numbered = [path for path in self.archive.glob("*.json") if path.stem.isdecimal()]
        return max(numbered, key=lambda path: int(path.stem), default=None)

    def _highest(self) -> int:
        """Return the highest number ever given, withdrawn files' too: no file is written over another."""
        return max((int(path.stem) for path in self.archive.iterdir() if path.stem.isdecimal()), default=0)


def fingerprint_of(content: bytes) -> str:
    """Return what a published file is known by: the SHA-256 of its content."""
    return hashlib.sha256(content).hexdigest()
