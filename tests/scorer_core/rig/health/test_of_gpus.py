"""The checks of one GPU each, of what its driver said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scorer_core.rig.health import of_gpus
from scorer_core.rig.health.check import Reading, State
from scorer_core.rig.health.place import Place, Vitals

OK, FAILED, UNREADABLE = State.OK, State.FAILED, State.UNREADABLE
ADDRESS = "0000:05:00.0"
Look = Callable[[Place, int], Reading]


def at(tmp_path: Path, seen: Vitals, vendor: str = "nvidia") -> Place:
    return Place(vendor, (0,), tmp_path, vitals={0: seen})


@pytest.mark.parametrize(
    ("look", "seen", "state", "reason"),
    [
        (of_gpus.answers, Vitals(busy_percent=50.0), OK, ""),
        (of_gpus.answers, Vitals(lost="fallen off"), FAILED, "fallen off"),
        (of_gpus.answers, Vitals(unreadable="hangs"), UNREADABLE, "hangs"),
        (of_gpus.temperature, Vitals(temperature_c=89.9), OK, ""),
        (of_gpus.temperature, Vitals(temperature_c=90.0), FAILED, "90 °C, 90 °C is too hot"),
        (of_gpus.temperature, Vitals(), OK, ""),
        (of_gpus.throttling, Vitals(throttled=""), OK, ""),
        (of_gpus.throttling, Vitals(throttled="heat"), FAILED, "its clock is held down by heat"),
        (of_gpus.throttling, Vitals(), OK, ""),
        (of_gpus.memory_errors, Vitals(memory_errors=0), OK, ""),
        (of_gpus.memory_errors, Vitals(memory_errors=1), FAILED, "1 errors of its memory were not corrected"),
        (of_gpus.memory_errors, Vitals(), OK, ""),
        (of_gpus.kernel_log, Vitals(), OK, ""),
    ],
)
def test_a_check_reads_what_the_driver_said(
    tmp_path: Path, look: Look, seen: Vitals, state: State, reason: str
) -> None:
    found = look(at(tmp_path, seen), 0)

    assert (found.state, found.reason) == (state, reason)


@pytest.mark.parametrize(
    "look", [of_gpus.temperature, of_gpus.throttling, of_gpus.memory_errors, of_gpus.foreign, of_gpus.kernel_log]
)
@pytest.mark.parametrize("seen", [Vitals(lost="fallen off"), Vitals(unreadable="hangs")])
def test_nothing_is_known_of_a_gpu_whose_driver_does_not_answer_for_it(
    tmp_path: Path, look: Look, seen: Vitals
) -> None:
    found = look(at(tmp_path, seen), 0)

    assert (found.state, found.reason) == (UNREADABLE, "the driver does not answer for it")


def test_a_gpu_that_the_driver_says_nothing_of_is_unreadable(tmp_path: Path) -> None:
    assert of_gpus.answers(at(tmp_path, Vitals()), 1) == Reading(UNREADABLE, "the driver says nothing of it")


def test_what_a_driver_does_not_say_about_processes_is_unreadable(tmp_path: Path, install: Callable[..., None]) -> None:
    install("exit 4")

    found = of_gpus.foreign(at(tmp_path, Vitals(address=ADDRESS)), 0)

    assert found == Reading(UNREADABLE, "nvidia-smi ended with exit code 4: this login may not ask")


def test_a_worker_of_ours_is_nobody_else(tmp_path: Path, proc: Path, install: Callable[..., None]) -> None:
    install(f"echo '{ADDRESS}, 42, 800'; echo '{ADDRESS}, 43, [N/A]'; echo '0000:06:00.0, 44, 1'; echo odd")
    (proc / "42").mkdir()
    (proc / "42/cmdline").write_text(f"python\0/x/worker.pyz\0serve\0--root={tmp_path}\0")

    found = of_gpus.foreign(at(tmp_path, Vitals(address=ADDRESS)), 0)

    assert found.reason == "other processes compute on it: 43 (0 MiB)"


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("[ 3590.000000] NVRM: Xid (PCI:0000:05:00): 79, GPU has fallen off the bus.", FAILED),
        ("[ 3590.000000] NVRM: Xid (PCI:0000:06:00): 79, GPU has fallen off the bus.", OK),
        ("[ 2600.000000] NVRM: Xid (PCI:0000:05:00): 79, GPU has fallen off the bus.", OK),
        ("NVRM: Xid (PCI:0000:05:00): 79, without a moment", OK),
        ("[ 3590.000000] nvidia 0000:05:00.0: enabling device", OK),
        ("[ 3590.000000] amdgpu 0000:05:00.0: GPU reset begin!", FAILED),
    ],
)
def test_the_kernel_s_log_tells_of_this_gpu_and_lately(
    tmp_path: Path, proc: Path, install: Callable[..., None], line: str, state: State
) -> None:
    install(f"echo '{line}'", "dmesg")

    found = of_gpus.kernel_log(at(tmp_path, Vitals(address=ADDRESS)), 0)

    assert found.state is state
    assert found.reason == (f"the kernel says: {line}" if state is FAILED else "")


@pytest.mark.parametrize(
    ("program", "reason"),
    [("exit 1", "this login may not read the kernel's log"), (None, "dmesg was not found on the PATH")],
)
def test_a_log_that_may_not_be_read_is_unreadable(
    tmp_path: Path, proc: Path, install: Callable[..., None], program: str | None, reason: str
) -> None:
    if program:
        install(program, "dmesg")

    found = of_gpus.kernel_log(at(tmp_path, Vitals(address=ADDRESS)), 0)

    assert found.state is UNREADABLE
    assert found.reason.startswith(reason)
