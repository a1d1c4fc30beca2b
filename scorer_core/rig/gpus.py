"""The GPU vendors: how the GPUs of each are counted and looked at, and how a process is bound to one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from scorer_core.errors import assert_never
from scorer_core.rig.health import amd, nvidia
from scorer_core.rig.health.place import Vitals

OVERRIDE = "SCORER_RIG_GPUS"
Processes = list[tuple[int, float]] | str
"""Who computes on a GPU: process ids with the MiB that each holds; or why that is not known."""


class GpuVendor(str, Enum):
    """Whose GPUs a node has, as the inventory writes it."""

    NVIDIA = "nvidia"
    AMD = "amd"


@dataclass(frozen=True)
class GpuCount:
    """What the probe saw, and what it asked; a `count` of None is none: `problem` says why nobody knows."""

    vendor: str
    count: int | None
    source: str
    problem: str = ""


@dataclass(frozen=True)
class Driver:
    """What is known of a vendor's driver.

    `count` returns how many GPUs it sees, the name of what said so, and, where it is None, why nobody knows. `vitals`
    returns what it says of each of some GPUs, `processes` who computes on one. `binds` is the one variable that
    holds the number of a process's GPU, which is `number` of ours; `clears` are those that would number the GPUs
    once more after it.
    """

    count: Callable[[], tuple[int | None, str, str]]
    vitals: Callable[[Sequence[int]], dict[int, Vitals]]
    processes: Callable[[int, Vitals], Processes]
    binds: str
    number: Callable[[int], int] = int
    clears: tuple[str, ...] = ()


def driver(vendor: GpuVendor) -> Driver:
    """Return what is known of a vendor's driver: the table of vendors."""
    match vendor:
        case GpuVendor.NVIDIA:
            return Driver(
                nvidia.count,
                nvidia.vitals,
                lambda gpu, seen: nvidia.foreign(seen.address),
                binds="CUDA_VISIBLE_DEVICES",
            )
        case GpuVendor.AMD:
            # ROCR hides GPUs and numbers the rest from 0; HIP, which also reads CUDA's variable, counts among those.
            return Driver(
                amd.count,
                amd.vitals,
                lambda gpu, seen: amd.foreign(gpu),
                binds="ROCR_VISIBLE_DEVICES",
                number=amd.ordinal,
                clears=("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
            )
        case _:
            assert_never(vendor)


def probe(vendor: GpuVendor) -> GpuCount:
    """Count the GPUs of a vendor; where the driver gives no answer the count is None, never 0.

    A rig without GPUs can stand in for one that has them: `SCORER_RIG_GPUS=nvidia:8` in the
    environment of its SSH sessions overrides the probe, and the source says so.
    """
    override = os.environ.get(OVERRIDE, "")
    if override:
        return GpuCount(override.partition(":")[0], stood_in(vendor), OVERRIDE)
    return GpuCount(vendor.value, *driver(vendor).count())


def vitals(vendor: GpuVendor, gpus: Sequence[int]) -> dict[int, Vitals]:
    """Return what the driver says of each of some GPUs; one that is stood in for is there, and says nothing."""
    if not os.environ.get(OVERRIDE):
        return driver(vendor).vitals(gpus)
    seen = stood_in(vendor)
    return {gpu: Vitals() if gpu < seen else Vitals(lost=f"{OVERRIDE} has {seen}") for gpu in gpus}


def processes(vendor: GpuVendor, gpu: int, seen: Vitals) -> Processes:
    """Return who computes on a GPU; nobody on one that is stood in for."""
    return [] if os.environ.get(OVERRIDE) else driver(vendor).processes(gpu, seen)


def bind(vendor: GpuVendor, gpu: int) -> None:
    """Make this process and its children see one GPU of a vendor alone."""
    known = driver(vendor)
    for name in known.clears:
        os.environ.pop(name, None)
    os.environ[known.binds] = str(known.number(gpu))


def stood_in(vendor: GpuVendor) -> int:
    """Return how many GPUs of a vendor `SCORER_RIG_GPUS` stands in for."""
    name, _, count = os.environ.get(OVERRIDE, "").partition(":")
    return int(count) if name == vendor.value and count.isdecimal() else 0
