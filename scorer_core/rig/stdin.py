"""Standard input as a leash: the worker's process group ends when its lane does."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO

from scorer_core.rig.protocol import MAX_LINE_BYTES, PING

_WATCH_S = 0.5
_MOMENT_S = 0.2


class Leash:
    """Reads lines in a thread. At end of input an idle worker is let go, a computing one is killed.

    A lane that was cut off without a word sends nothing: after `silence_s` seconds without a line
    the worker is killed too. Only the thread that iterates may use `answering`, which holds off
    the kill while a finished result is written down and sent.
    """

    def __init__(self, stream: BinaryIO, silence_s: float) -> None:
        if os.getpgrp() != os.getpid():
            os.setpgrp()
        self._stream = stream
        self._silence_s = silence_s
        self._heard = time.monotonic()
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._received = self._finished = 0  # each written by one thread only
        self.answering = threading.Lock()
        for work in (self._read, self._watch):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def __iter__(self) -> Iterator[bytes]:
        """Yield each line but pings; a line of more than MAX_LINE_BYTES comes in pieces that no parser accepts."""
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
            self._heard = time.monotonic()
            if line != PING:
                self._received += 1
                self._lines.put(line)
        deadline = time.monotonic() + _MOMENT_S  # an answer that was just sent is not worth a kill
        while self._received != self._finished and time.monotonic() < deadline:
            time.sleep(_MOMENT_S / 10)
        with self.answering:
            if self._received != self._finished:
                _kill_group()
        self._lines.put(None)

    def _watch(self) -> None:
        while time.monotonic() - self._heard < self._silence_s:
            time.sleep(_WATCH_S)
        with self.answering:
            _kill_group()


def _kill_group() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)
