"""An upload in pieces, with progress in the log: a pool of some hundred megabytes takes minutes on a slow link."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger(__name__)

PIECE_BYTES = 1 << 20
SAY_EVERY_S = 5.0


class Stream(Protocol):
    """What an upload needs of a remote file."""

    def write(self, data: bytes, /) -> object:
        """Write bytes."""

    def flush(self) -> object:
        """Wait until they are on their way."""


def upload(stream: Stream, content: bytes, node: str, clock: Callable[[], float] = time.monotonic) -> None:
    """Write it all, and say every few seconds how far it is."""
    said = clock()
    for start in range(0, len(content), PIECE_BYTES):
        stream.write(content[start : start + PIECE_BYTES])
        if clock() - said >= SAY_EVERY_S:
            said = clock()
            sent = min(start + PIECE_BYTES, len(content))
            log.info("%s: %.0f of %.0f MB are sent", node, sent / 1e6, len(content) / 1e6)
    stream.flush()
