"""The checks of a rig itself, on a kernel that the test writes."""

from __future__ import annotations

import importlib.metadata
import os
import sys
import time
from pathlib import Path

import pytest

from scorer_core.rig.health import of_nodes
from scorer_core.rig.health.check import Reading, State
from scorer_core.rig.health.place import Place

HZ = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("nvidia", (0,), tmp_path / "root")


def add_process(
    proc: Path, pid: int, *, name: str = "cp", state: str = "D", started_s: float = 10, words: str = ""
) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    fields = [state, *["0"] * 18, str(int(started_s * HZ)), "0"]
    (folder / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")
    (folder / "cmdline").write_text(words.replace(" ", "\0"))


@pytest.mark.parametrize(("free_kb", "state"), [(511 * 1024, State.FAILED), (513 * 1024, State.OK)])
def test_less_than_half_a_gigabyte_of_memory_fails(proc: Path, place: Place, free_kb: int, state: State) -> None:
    (proc / "meminfo").write_text(f"MemTotal: 8000000 kB\nMemAvailable: {free_kb} kB\n")

    found = of_nodes.memory(place, 0)

    assert found.state is state
    assert found.values == {"available_mb": free_kb / 1024}
    assert found.reason == ("511 MiB of memory are available, 512 are needed" if state is State.FAILED else "")


def test_a_kernel_that_does_not_tell_its_memory_is_unreadable(proc: Path, place: Place) -> None:
    assert of_nodes.memory(place, 0).state is State.UNREADABLE


def test_the_disk_of_a_root_that_is_not_there_yet_is_that_above_it(tmp_path: Path) -> None:
    there, not_there = Place("nvidia", (0,), tmp_path), Place("nvidia", (0,), tmp_path / "not" / "there")

    assert of_nodes.disk(not_there, 0).values["used_percent"] == pytest.approx(
        of_nodes.disk(there, 0).values["used_percent"], abs=0.5
    )


def test_a_file_system_without_a_limit_of_files_is_never_short_of_them(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unlimited:
        f_files = f_favail = 0

    monkeypatch.setattr(os, "statvfs", lambda _path: Unlimited())

    assert of_nodes.inodes(place, 0) == Reading()


def test_a_clock_that_nobody_tells_is_unreadable(place: Place) -> None:
    assert of_nodes.clock(place, 0).state is State.UNREADABLE


def test_processes_that_sleep_in_the_kernel_for_long_are_named(proc: Path, place: Place) -> None:
    add_process(proc, 7, name="dd (of) disk")
    add_process(proc, 8, name="worker", state="S")
    add_process(proc, 9, name="young", started_s=3590)
    (proc / "self").mkdir()
    (proc / "10").mkdir()

    found = of_nodes.stuck(place, 0)

    assert (found.state, found.values) == (State.FAILED, {"processes": 1.0})
    assert found.reason == "processes sleep in the kernel: dd (of) disk (7)"


def test_a_process_that_wakes_up_between_two_looks_is_not_stuck(
    proc: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_process(proc, 7)

    def wake(_seconds: float) -> None:
        (proc / "7/stat").write_text("7 (cp) R 0 0")

    monkeypatch.setattr(time, "sleep", wake)

    assert of_nodes.stuck(place, 0).state is State.OK


@pytest.mark.parametrize(
    ("silent_s", "words", "left"),
    [
        (100, "python worker.pyz serve --root={root}", True),
        (10, "python worker.pyz serve --root={root}", False),
        (100, "python worker.pyz serve --root=/elsewhere", False),
        (100, "python other.py --root={root}", False),
        (100, "", False),
    ],
)
def test_a_worker_of_ours_that_is_silent_is_left_over(
    proc: Path, place: Place, silent_s: float, words: str, left: bool
) -> None:
    add_process(proc, 42, words=words.format(root=place.root))
    lock = place.root / "locks" / "gpu0.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("42 1234 run-1\n")
    (lock.parent / "gpu1.lock").write_text("")
    (lock.parent / "gpu2.lock").write_text("nobody knows this\n")
    os.utime(lock, (time.time() - silent_s, time.time() - silent_s))

    found = of_nodes.left_over(place, 0)

    assert found.state is (State.FAILED if left else State.OK)
    assert found.reason == ("workers of ours are left over: 42 of run-1, silent for 100 s" if left else "")


@pytest.mark.parametrize(
    ("python", "numpy", "fault"),
    [
        ((3, 9), "1.26.0", "Python is 3."),
        ((3, 12), "1.23.5", "numpy is 1.23.5"),
        ((3, 12), None, "numpy is not installed for "),
        ((3, 12), "2.0.0rc1", ""),
        ((3, 10), "1.24.0", ""),
    ],
)
def test_python_and_numpy_have_to_be_new_enough(
    place: Place, monkeypatch: pytest.MonkeyPatch, python: tuple[int, int], numpy: str | None, fault: str
) -> None:
    def version(name: str) -> str:
        assert name == "numpy"
        if numpy is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return numpy

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(sys, "version_info", (*python, 0, "final", 0))

    found = of_nodes.python(place, 0)

    assert found.state is (State.FAILED if fault else State.OK)
    assert found.reason.startswith(fault)


@pytest.mark.parametrize(("slots", "threads", "fits"), [(2, 2, True), (5, 1, False), (1, 5, False)])
def test_more_threads_than_cores_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slots: int, threads: int, fits: bool
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2, 3})

    found = of_nodes.cores(Place("nvidia", (0,), tmp_path, slots=slots, threads=threads), 0)

    assert found.state is (State.OK if fits else State.FAILED)
    assert found.reason.startswith("" if fits else f"4 cores for {slots} workers of {threads} threads")
