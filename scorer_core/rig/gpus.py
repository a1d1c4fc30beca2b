"""The GPU vendors: how the GPUs of each are counted, and how a process is bound to one. The only file that knows."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from scorer_core.errors import assert_never

OVERRIDE = "SCORER_RIG_GPUS"
_KFD_NODES = Path("/sys/class/kfd/kfd/topology/nodes")
_TIMEOUT_S = 20.0


class GpuVendor(str, Enum):
    """Whose GPUs a node has, as the inventory writes it."""

    NVIDIA = "nvidia"
    AMD = "amd"


@dataclass(frozen=True)
class GpuCount:
    """What the probe saw, and what it asked."""

    vendor: str
    count: int
    source: str


@dataclass(frozen=True)
class Driver:
    """What is known of a vendor's driver.

    `count` returns how many GPUs it sees and the name of what said so. `binds` is the one variable that
    holds the number of a process's GPU; `clears` are those that would number the GPUs once more after it.
    """

    count: Callable[[], tuple[int, str]]
    binds: str
    clears: tuple[str, ...] = ()


def driver(vendor: GpuVendor) -> Driver:
    """Return what is known of a vendor's driver: the table of vendors."""
    match vendor:
        case GpuVendor.NVIDIA:
            return Driver(_count_nvidia, binds="CUDA_VISIBLE_DEVICES")
        case GpuVendor.AMD:
            # ROCR hides GPUs and numbers the rest from 0; HIP, which also reads CUDA's variable, counts among those.
            return Driver(
                _count_amd, binds="ROCR_VISIBLE_DEVICES", clears=("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")
            )
        case _:
            assert_never(vendor)


def probe(vendor: GpuVendor) -> GpuCount:
    """Count the GPUs of a vendor; none found is a count of 0.

    A rig without GPUs can stand in for one that has them: `SCORER_RIG_GPUS=nvidia:8` in the
    environment of its SSH sessions overrides the probe, and the source says so.
    """
    override = os.environ.get(OVERRIDE, "")
    if override:
        name, _, count = override.partition(":")
        return GpuCount(name, int(count) if name == vendor.value and count.isdecimal() else 0, OVERRIDE)
    seen, source = driver(vendor).count()
    return GpuCount(vendor.value, seen, source)


def bind(vendor: GpuVendor, gpu: int) -> None:
    """Make this process and its children see one GPU of a vendor alone."""
    known = driver(vendor)
    for name in known.clears:
        os.environ.pop(name, None)
    os.environ[known.binds] = str(gpu)


def _count_nvidia() -> tuple[int, str]:
    return _count_lines("nvidia-smi", ["-L"], "GPU "), "nvidia-smi"


def _count_amd() -> tuple[int, str]:
    """Ask the kernel's topology, and rocm-smi where there is none."""
    if _KFD_NODES.is_dir():
        return sum(_has_shaders(node) for node in _KFD_NODES.iterdir()), "kfd"
    return _count_lines("rocm-smi", ["--showid"], "GPU["), "rocm-smi"


def _count_lines(program: str, arguments: list[str], prefix: str) -> int:
    path = shutil.which(program)
    if path is None:
        return 0
    try:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return 0
    seen = {line.split(":")[0].split("]")[0] for line in done.stdout.splitlines() if line.startswith(prefix)}
    return len(seen)


def _has_shaders(node: Path) -> bool:
    """Say whether a KFD topology node is a GPU: CPUs have a simd_count of 0."""
    try:
        properties = (node / "properties").read_text()
    except OSError:
        return False
    pairs = (line.split() for line in properties.splitlines())
    return any(len(pair) == 2 and pair[0] == "simd_count" and pair[1] != "0" for pair in pairs)
