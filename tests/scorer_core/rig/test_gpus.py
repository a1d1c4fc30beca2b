"""The GPU probe against programs and trees that look like a driver's."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scorer_core.rig import programs
from scorer_core.rig.gpus import OVERRIDE, GpuCount, GpuVendor, driver, probe
from scorer_core.rig.health import nvidia
from scorer_core.rig.health.place import SYS
from tests.scorer_core.rig.workers import ROOT

VISIBLE_DEVICES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
NVIDIA_SMI = """GPU 0: NVIDIA GeForce RTX 3080 Ti (UUID: GPU-1)
  MIG 1g.5gb Device 0: (UUID: MIG-1)
GPU 1: NVIDIA GeForce RTX 3080 Ti (UUID: GPU-2)
GPU 10: NVIDIA GeForce RTX 3080 Ti (UUID: GPU-3)
"""
ROCM_SMI = """
========================= ROCm System Management Interface =========================
GPU[0]\t\t: Device Name: \t\tNavi 23 [Radeon RX 6600]
GPU[0]\t\t: Device ID: \t\t0x73ff
GPU[1]\t\t: Device Name: \t\tNavi 23 [Radeon RX 6600]
GPU[1]\t\t: Device ID: \t\t0x73ff
====================================================================================
"""


@pytest.fixture(autouse=True)
def _a_machine_without_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv(OVERRIDE, raising=False)
    monkeypatch.setenv(SYS, str(tmp_path / "sys"))
    monkeypatch.setattr(programs, "USUAL_PLACES", (str(tmp_path / "usual"),))


def install(tmp_path: Path, name: str, prints: str, exit_code: int = 0) -> None:
    """Put a program on the PATH that prints a text."""
    path = tmp_path / "bin" / name
    path.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{prints}END\nexit {exit_code}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("override", "count"),
    [("nvidia:8", 8), ("nvidia:0", 0), ("amd:8", 0), ("nvidia", 0), ("nvidia:", 0), ("nvidia:-1", 0), ("nvidia:²", 0)],
)
def test_an_override_counts_for_its_own_vendor_and_says_where_it_is_from(
    monkeypatch: pytest.MonkeyPatch, override: str, count: int
) -> None:
    monkeypatch.setenv(OVERRIDE, override)

    seen = probe(GpuVendor.NVIDIA)

    assert (seen.count, seen.source) == (count, OVERRIDE)


def test_nvidia_gpus_are_counted_as_the_driver_lists_them(tmp_path: Path) -> None:
    install(tmp_path, "nvidia-smi", NVIDIA_SMI)

    assert probe(GpuVendor.NVIDIA) == GpuCount("nvidia", 3, "nvidia-smi")


def test_a_driver_that_fails_is_no_count_of_gpus(tmp_path: Path) -> None:
    install(tmp_path, "nvidia-smi", "NVIDIA-SMI has failed because it couldn't communicate with the driver.\n", 9)

    seen = probe(GpuVendor.NVIDIA)

    assert seen.count is None
    assert seen.problem == "nvidia-smi ended with exit code 9: the NVIDIA driver is not loaded"


def test_a_program_that_is_none_is_no_count_of_gpus(tmp_path: Path) -> None:
    (tmp_path / "bin" / "nvidia-smi").write_bytes(b"\x7fELF")
    (tmp_path / "bin" / "nvidia-smi").chmod(0o755)

    seen = probe(GpuVendor.NVIDIA)

    assert seen.count is None
    assert "cannot be run: Exec format error" in seen.problem


def test_a_program_that_hangs_is_given_up_and_so_is_a_child_of_it_that_holds_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\n/usr/bin/setsid /bin/sleep 60 &\nexec /bin/sleep 60\n")
    (tmp_path / "bin" / "nvidia-smi").chmod(0o755)
    monkeypatch.setattr(nvidia, "COUNT_S", 0.3)
    started = time.monotonic()

    seen = probe(GpuVendor.NVIDIA)

    assert (seen.count, seen.problem) == (None, "nvidia-smi gave no answer within 0.3 s")
    assert time.monotonic() - started < 5


def test_a_program_is_found_where_drivers_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "usual").mkdir()
    install(tmp_path, "rocm-smi", ROCM_SMI)
    (tmp_path / "bin" / "rocm-smi").rename(tmp_path / "usual" / "rocm-smi")

    assert probe(GpuVendor.AMD) == GpuCount("amd", 2, "rocm-smi")


@pytest.mark.parametrize("vendor", GpuVendor)
def test_a_machine_without_a_driver_does_not_count_its_gpus(vendor: GpuVendor) -> None:
    seen = probe(vendor)

    assert seen.count is None
    assert "was not found on the PATH or in" in seen.problem


def node(tree: Path, name: str, properties: str | None) -> None:
    """Make one node of a KFD topology."""
    (tree / name).mkdir(parents=True)
    if properties is not None:
        (tree / name / "properties").write_text(properties)


def test_amd_gpus_are_counted_in_the_kernels_topology_without_its_cpus(tmp_path: Path) -> None:
    tree = tmp_path / "sys" / "class/kfd/kfd/topology/nodes"
    node(tree, "0", "cpu_cores_count 16\nsimd_count 0\nmem_banks_count 1\n")
    for name in ("1", "2", "10"):
        node(tree, name, "cpu_cores_count 0\nsimd_count 56\nmax_waves_per_simd 16\n")
    node(tree, "11", None)
    node(tree, "12", "")
    node(tree, "13", "simd_count\nsimd_count 1 2\n")
    node(tree, "3", "cpu_cores_count 8\nsimd_count 8\n")
    node(tree, "4", "cpu_cores_count 0\nsimd_count 4\ngfx_target_version 100306\n")
    install(tmp_path, "rocm-smi", ROCM_SMI)

    assert probe(GpuVendor.AMD) == GpuCount("amd", 3, "kfd")
    assert [driver(GpuVendor.AMD).number(gpu) for gpu in range(3)] == [0, 1, 4], "ROCm counts those in a CPU, too"


def test_amd_gpus_are_asked_from_rocm_smi_where_there_is_no_topology(tmp_path: Path) -> None:
    install(tmp_path, "rocm-smi", ROCM_SMI)

    assert probe(GpuVendor.AMD) == GpuCount("amd", 2, "rocm-smi")


@pytest.mark.parametrize(
    ("vendor", "visible"),
    [
        ("nvidia", {"CUDA_VISIBLE_DEVICES": "5", "HIP_VISIBLE_DEVICES": "0,1", "ROCR_VISIBLE_DEVICES": "0,1"}),
        ("amd", {"ROCR_VISIBLE_DEVICES": "5"}),
    ],
)
def test_a_bound_process_and_its_children_see_one_gpu(vendor: str, visible: dict[str, str]) -> None:
    """On AMD by ROCR's variable alone: it numbers what it shows from 0, so that a 5 for HIP would be no GPU at all."""
    text = (
        "import subprocess, sys\n"
        "from scorer_core.rig.gpus import GpuVendor, bind\n"
        f"bind(GpuVendor({vendor!r}), 5)\n"
        "child = 'import json, os; print(json.dumps(dict(os.environ)))'\n"
        "subprocess.run([sys.executable, '-c', child], check=True)\n"
    )
    environ = {"PYTHONPATH": str(ROOT), **dict.fromkeys(VISIBLE_DEVICES, "0,1")}

    done = subprocess.run([sys.executable, "-c", text], env=environ, capture_output=True, check=True)

    seen = json.loads(done.stdout)
    assert {name: seen[name] for name in VISIBLE_DEVICES if name in seen} == visible
