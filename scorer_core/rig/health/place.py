"""What is looked at: a rig, as the head describes it, and what its driver says of each GPU."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SYS = "SCORER_RIG_SYS"
PROC = Path("/proc")


@dataclass(frozen=True)
class Vitals:
    """What a driver says of one GPU: `lost` or `unreadable` why it says nothing; None what it does not tell.

    `address` is the PCI address in lower case, `throttled` why the clock is held down, `memory_errors` those that could
    not be corrected.
    """

    lost: str = ""
    unreadable: str = ""
    address: str | None = None
    temperature_c: float | None = None
    busy_percent: float | None = None
    throttled: str | None = None
    memory_errors: int | None = None


@dataclass(frozen=True)
class Place:
    """A rig: the vendor of its GPUs, which of them are looked at, our folder, and what the inventory says of it.

    `head_time` is the head's clock when it asked, in seconds since 1970; a worker of ours that has given no sign of
    life for `stale_s` seconds is left over.
    """

    vendor: str
    gpus: tuple[int, ...]
    root: Path
    slots: int = 1
    threads: int = 1
    head_time: float | None = None
    stale_s: float = 60.0
    vitals: Mapping[int, Vitals] = field(default_factory=dict)

    def of(self, gpu: int) -> Vitals:
        """Return what the driver says of a GPU."""
        return self.vitals.get(gpu) or Vitals(unreadable="the driver says nothing of it")


def sys_folder() -> Path:
    """Return where the kernel shows its devices: /sys, unless `SCORER_RIG_SYS` names a tree that stands in for it."""
    return Path(os.environ.get(SYS) or "/sys")


def read_text(path: Path) -> str | None:
    """Return a file's text, None where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def read_number(path: Path) -> float | None:
    """Return the number that a file holds, None where it holds none or cannot be read."""
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return None
