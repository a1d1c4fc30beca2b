"""Standard input as a leash: the worker's process group ends when its lane does."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Iterator
from typing import BinaryIO

from scorer_core.rig.protocol import MAX_LINE_BYTES


class Leash:
    """Reads lines in a thread. At end of input an idle worker is let go, a computing one is killed.

    Only the thread that iterates may use `answering`, which holds off the kill while a finished
    result is written down and sent.
    """

    def __init__(self, stream: BinaryIO) -> None:
        if os.getpgrp() != os.getpid():
            os.setpgrp()
        self._stream = stream
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._received = self._finished = 0  # each written by one thread only
        self.answering = threading.Lock()
        threading.Thread(target=self._read, name="leash", daemon=True).start()

    def __iter__(self) -> Iterator[bytes]:
        """Yield each line; a line of more than MAX_LINE_BYTES comes in pieces that no parser accepts."""
        while True:
            line = self._lines.get()
            if line is None:
                return
            yield line
            self._finished += 1

    def _read(self) -> None:
        while True:
            line = self._stream.readline(MAX_LINE_BYTES + 1)
            if not line:
                break
            self._received += 1
            self._lines.put(line)
        with self.answering:
            if self._received != self._finished:
                os.killpg(os.getpgrp(), signal.SIGKILL)
        self._lines.put(None)
