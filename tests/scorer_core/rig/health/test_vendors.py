"""What each vendor's driver says of its GPUs, in its own words, and how it says nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scorer_core.rig import gpus
from scorer_core.rig.gpus import GpuVendor
from scorer_core.rig.health import amd, nvidia
from scorer_core.rig.health.place import Vitals
from scorer_core.rig.programs import Said

Install = Callable[..., None]


def add_node(tree: Path, number: int, properties: str, gpu_id: int = 0) -> None:
    folder = tree / f"class/kfd/kfd/topology/nodes/{number}"
    folder.mkdir(parents=True)
    (folder / "properties").write_text(properties)
    (folder / "gpu_id").write_text(f"{gpu_id}\n")


@pytest.fixture
def two_cards(sys_tree: Path) -> Path:
    """A CPU, graphics that are part of it, and two cards; node 10 comes after node 2."""
    add_node(sys_tree, 0, "cpu_cores_count 8\nsimd_count 0\n")
    add_node(sys_tree, 1, "simd_count 8\ngfx_target_version 90012\n", 11)
    add_node(sys_tree, 2, "simd_count 56\ngfx_target_version 90006\ndrm_render_minor 129\nlocation_id 771\n", 22)
    add_node(sys_tree, 10, "simd_count 56\ngfx_target_version 90006\ndrm_render_minor 130\nlocation_id 1280\n", 33)
    return sys_tree


def test_the_cards_of_a_topology_are_counted_in_its_order_and_numbered_as_rocm_does(two_cards: Path) -> None:
    assert amd.count() == (2, "kfd", "")
    assert [(one.ordinal, one.gpu_id, one.address) for one in amd.cards()] == [
        (1, "22", "0000:03:00.3"),
        (2, "33", "0000:05:00.0"),
    ]
    assert [amd.ordinal(gpu) for gpu in (0, 1, 5)] == [1, 2, 5]


def test_a_card_without_files_of_its_own_says_where_it_is_alone(two_cards: Path) -> None:
    assert amd.vitals([0]) == {0: Vitals(address="0000:03:00.3")}


def test_a_card_without_sensors_is_there_and_its_memory_s_errors_are_read(two_cards: Path) -> None:
    device = two_cards / "class/drm/renderD130/device"
    (device / "ras").mkdir(parents=True)
    (device / "ras/umc_err_count").write_text("ue: 3\nce: 5\n")

    assert amd.vitals([1]) == {1: Vitals(address="0000:05:00.0", memory_errors=3)}


@pytest.mark.parametrize("text", ["", "ce: 5\n", "ue: many\n"])
def test_counters_of_errors_that_say_something_else_are_not_told(two_cards: Path, text: str) -> None:
    device = two_cards / "class/drm/renderD129/device"
    (device / "ras").mkdir(parents=True)
    (device / "ras/umc_err_count").write_text(text)

    assert amd.vitals([0])[0].memory_errors is None


def test_a_topology_that_cannot_be_read_is_no_count(two_cards: Path) -> None:
    properties = two_cards / "class/kfd/kfd/topology/nodes/2/properties"
    properties.unlink()
    properties.mkdir()

    count, source, problem = amd.count()

    assert (count, source) == (None, "kfd")
    assert problem.startswith("the kernel's topology cannot be read: Is a directory")
    assert {seen.unreadable for seen in amd.vitals([0, 1]).values()} == {problem}
    assert amd.foreign(0) == "the kernel does not show who uses it"
    assert amd.ordinal(0) == 0


def test_who_holds_memory_of_a_card_is_told_and_who_holds_none_is_not(two_cards: Path) -> None:
    for pid, files in {"7": {"vram_22": 5 * 2**20}, "8": {"vram_33": 2**20}, "9": {"vram_22": 0}, "odd": {}}.items():
        folder = two_cards / f"class/kfd/kfd/proc/{pid}"
        folder.mkdir(parents=True)
        for name, size in files.items():
            (folder / name).write_text(f"{size}\n")

    assert amd.foreign(0) == [(7, 5.0)]
    assert amd.foreign(5) == "the kernel does not show who uses it"


def test_without_a_topology_rocm_smi_says_which_gpus_there_are(sys_tree: Path, install: Install) -> None:
    install("echo 'GPU[0]\t\t: Device ID: 0x66af'; echo 'GPU[0]\t: Rev: 1'; echo noise", "rocm-smi")

    assert amd.count() == (1, "rocm-smi", "")
    assert amd.vitals([0, 1]) == {0: Vitals(), 1: Vitals(lost="rocm-smi does not list it")}


@pytest.mark.parametrize(
    ("program", "problem"),
    [("exit 3", "rocm-smi ended with exit code 3"), (None, "rocm-smi was not found on the PATH or in ")],
)
def test_rocm_smi_that_fails_or_is_not_there_is_no_count_of_none(
    sys_tree: Path, install: Install, program: str | None, problem: str
) -> None:
    if program:
        install(program, "rocm-smi")

    count, _, why = amd.count()

    assert count is None
    assert why.startswith(problem)
    assert amd.vitals([0])[0].unreadable == why


def test_a_driver_that_knows_fewer_fields_is_asked_for_those(install: Install) -> None:
    install('case "$*" in *ecc*) exit 2 ;; *) echo "0, 00000000:0A:00.0, 61, [N/A]" ;; esac')

    assert nvidia.vitals([0]) == {0: Vitals(address="0000:0a:00.0", temperature_c=61.0)}


def test_all_that_a_driver_knows_is_read(install: Install) -> None:
    install('echo "1, 00000000:05:00.0, 71, 99, Active, Active, 4"; echo "a message, of nobody"')

    assert nvidia.vitals([1]) == {1: Vitals("", "", "0000:05:00.0", 71.0, 99.0, "heat and the power supply", 4)}


@pytest.mark.parametrize(
    ("code", "lost", "words"),
    [
        (15, True, "it has fallen off the bus"),
        (6, True, "there is no such GPU"),
        (9, False, "the NVIDIA driver is not loaded"),
        (77, False, "what it said last"),
    ],
)
def test_an_exit_code_says_whether_a_gpu_is_lost_or_only_not_readable(
    install: Install, code: int, lost: bool, words: str
) -> None:
    install(f"echo first; echo 'what it said last'; exit {code}")

    seen = nvidia.vitals([0])[0]

    assert (seen.lost, seen.unreadable)[0 if lost else 1] == f"nvidia-smi ended with exit code {code}: {words}"
    assert not (seen.unreadable if lost else seen.lost)


def test_a_program_that_ends_without_a_word_has_said_none() -> None:
    assert nvidia.fault(Said(1, "")) == "nvidia-smi ended with exit code 1: no words"


def test_a_gpu_that_the_driver_leaves_out_is_asked_alone(install: Install) -> None:
    row = "00000000:05:00.0, 60, 50, Not Active, Not Active, [N/A]"
    install(f'case "$*" in *--id=1*) echo "1, {row}" ;; *--id*) exit 6 ;; *) echo "0, {row}" ;; esac')

    seen = nvidia.vitals([0, 1, 2])

    assert [one.temperature_c for one in seen.values()] == [60.0, 60.0, None]
    assert seen[2].lost == "nvidia-smi ended with exit code 6: there is no such GPU"


def test_what_stands_in_for_gpus_answers_for_as_many_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(gpus.OVERRIDE, "amd:1")

    assert gpus.vitals(GpuVendor.AMD, [0, 1]) == {0: Vitals(), 1: Vitals(lost="SCORER_RIG_GPUS has 1")}
    assert gpus.processes(GpuVendor.AMD, 0, Vitals()) == []
    assert gpus.vitals(GpuVendor.NVIDIA, [0])[0].lost
