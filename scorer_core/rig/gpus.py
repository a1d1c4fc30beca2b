"""The GPU probe: how many GPUs the driver really sees."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OVERRIDE = "SCORER_RIG_GPUS"
_KFD_NODES = Path("/sys/class/kfd/kfd/topology/nodes")
_TIMEOUT_S = 20.0
VISIBLE_DEVICES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


@dataclass(frozen=True)
class GpuCount:
    """What the probe saw, and what it asked."""

    vendor: str
    count: int
    source: str


def probe(vendor: str, kfd_nodes: Path = _KFD_NODES) -> GpuCount:
    """Count the GPUs of a vendor, `nvidia` or `amd`; none found is a count of 0.

    A rig without GPUs can stand in for one that has them: `SCORER_RIG_GPUS=nvidia:8` in the
    environment of its SSH sessions overrides the probe, and the source says so.
    """
    override = os.environ.get(OVERRIDE, "")
    if override:
        name, _, count = override.partition(":")
        return GpuCount(name, int(count) if name == vendor and count.isdecimal() else 0, OVERRIDE)
    if vendor == "nvidia":
        return GpuCount(vendor, _count_lines("nvidia-smi", ["-L"], "GPU "), "nvidia-smi")
    if kfd_nodes.is_dir():
        return GpuCount(vendor, sum(_has_shaders(node) for node in kfd_nodes.iterdir()), "kfd")
    return GpuCount(vendor, _count_lines("rocm-smi", ["--showid"], "GPU["), "rocm-smi")


def bind(gpu: int) -> None:
    """Make this process and its children see one GPU alone, whatever the vendor."""
    for name in VISIBLE_DEVICES:
        os.environ[name] = str(gpu)


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
