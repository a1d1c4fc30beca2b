"""A server that cannot outlive whoever started it."""

from __future__ import annotations

import ctypes
import os
import select
import sys
import threading
from collections.abc import Callable

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
_STDIN = 0
_PARENT_CHECK_S = 0.5


def watch_starter(on_end: Callable[[], object]) -> None:
    """Call `on_end` from a thread, once, when the process that started this one is gone.

    It is gone when the pipe on our standard input ends, which also a SIGKILL brings about, or when
    our parent changes: a fork of the starter may hold the pipe open.
    """
    parent = os.getppid()

    def wait() -> None:
        while os.getppid() == parent:
            readable, _, _ = select.select([_STDIN], [], [], _PARENT_CHECK_S)
            if readable and not os.read(_STDIN, 4096):
                break
        on_end()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so that they stay below us.

    Linux alone can do this; elsewhere a daemonised descendant escapes to init.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
