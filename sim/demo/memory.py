"""How much memory a demo's processes have for themselves: the largest on the head, and the largest on a rig."""

from __future__ import annotations

import threading
from types import TracebackType

import psutil

_LOOK_EVERY_S = 1.0
_WORKER = "worker.pyz"


class MemoryWatch:
    """Looks at all processes below this one while it is entered; mapped pages, which processes share, are left out."""

    def __init__(self) -> None:
        self.head_mb = self.rig_mb = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def words(self) -> str:
        """Return both figures in words."""
        return f"memory at most, mapped pages apart: head {self.head_mb:.0f} MB, rig {self.rig_mb:.0f} MB a process"

    def look(self) -> None:
        """Look once."""
        for process in psutil.Process().children(recursive=True):
            try:
                memory = process.memory_info()
                own = (memory.rss - memory.shared) / 2**20
                on_a_rig = any(word.endswith(_WORKER) for word in process.cmdline())
            except psutil.Error:
                continue
            if on_a_rig:
                self.rig_mb = max(self.rig_mb, own)
            else:
                self.head_mb = max(self.head_mb, own)

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_EVERY_S):
            self.look()
