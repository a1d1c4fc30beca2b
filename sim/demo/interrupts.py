"""How a demo ends when it is asked to: once, with all that it started; asking again does not cut that short."""

from __future__ import annotations

import signal
import sys
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_once() -> None:
    """Have the first of Ctrl-C, SIGTERM and SIGHUP raise SystemExit with 128 and its number, and further ones ignored.

    Airflow is in sessions of its own: what interrupts its end would leave it behind.
    """
    for number in ENDING:
        signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)
