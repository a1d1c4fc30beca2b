"""A rig looks at itself: programs and trees that look like a driver's, and what each check says of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from scorer_core.rig import programs
from scorer_core.rig.health import abandon, nvidia, of_gpus, of_nodes
from scorer_core.rig.health.check import (
    Finding,
    HealthCheck,
    Lift,
    Phase,
    Problem,
    Reading,
    Scope,
    Severity,
    State,
)
from scorer_core.rig.health.look import look
from scorer_core.rig.health.place import SYS, Place, Vitals
from scorer_core.rig.health.table import CHECKS, check_of

ROW = "{gpu}, 00000000:0{gpu}:00.0, {temperature}, 97, {hot}, Not Active, [N/A]\n"


@pytest.fixture(autouse=True)
def _no_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("SCORER_RIG_GPUS", raising=False)
    monkeypatch.setattr(programs, "USUAL_PLACES", ())
    monkeypatch.setenv(SYS, str(tmp_path / "sys"))


def install(tmp_path: Path, text: str, name: str = "nvidia-smi") -> None:
    path = tmp_path / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


def seen(tmp_path: Path, gpus: int = 2, phase: Phase = Phase.RUN, vendor: str = "nvidia") -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in look(Place(vendor, tuple(range(gpus)), tmp_path), phase):
        found.setdefault(one.check, []).append(one)
    return found


def states(found: list[Finding]) -> list[State]:
    return [one.state for one in found]


def test_a_hot_gpu_fails_and_a_cool_one_beside_it_passes(tmp_path: Path) -> None:
    rows = "".join(ROW.format(gpu=gpu, temperature=heat, hot="Not Active") for gpu, heat in ((0, 95), (1, 60)))
    install(tmp_path, f"/bin/cat <<'END'\n{rows}END\n")

    found = seen(tmp_path)

    assert states(found["driver"]) == [State.OK, State.OK]
    assert states(found["temperature"]) == [State.FAILED, State.OK]
    assert found["temperature"][0].reason == "95 °C, 90 °C is too hot"
    assert [one.values["temperature_c"] for one in found["temperature"]] == [95.0, 60.0]


def test_a_gpu_that_fell_off_the_bus_fails_alone(tmp_path: Path) -> None:
    row = ROW.format(gpu=0, temperature=60, hot="Active").strip()
    install(tmp_path, f'case "$*" in *--id=1*) exit 15;; *--id=0*) echo "{row}";; *) exit 15;; esac\n')

    found = seen(tmp_path, phase=Phase.DEPLOY)

    assert states(found["driver"]) == [State.OK, State.FAILED]
    assert found["driver"][1].reason == "nvidia-smi ended with exit code 15: it has fallen off the bus"
    assert found["throttling"][0].reason == "its clock is held down by heat"


def test_a_driver_that_hangs_is_unreadable_and_never_a_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "/usr/bin/setsid /bin/sleep 30 &\nexec /bin/sleep 30\n")
    monkeypatch.setattr(nvidia, "QUERY_S", 0.3)
    started = time.monotonic()

    found = seen(tmp_path)

    assert states(found["driver"]) == [State.UNREADABLE, State.UNREADABLE]
    assert found["driver"][0].reason == "nvidia-smi gave no answer within 0.3 s"
    assert check_of("driver").severity.drains(State.UNREADABLE)
    assert time.monotonic() - started < 10


def test_a_driver_is_asked_once_for_all_gpus_and_so_is_the_log(tmp_path: Path) -> None:
    row = ROW.format(gpu="$gpu", temperature=60, hot="Not Active").strip()
    install(
        tmp_path,
        f'echo "$*" >> {tmp_path}/asked\ncase "$*" in *apps*) ;; *) for gpu in 0 1 2; do echo "{row}"; done ;; esac',
    )
    install(tmp_path, f"echo dmesg >> {tmp_path}/asked", "dmesg")

    found = seen(tmp_path, gpus=3, phase=Phase.DEPLOY)

    assert states(found["foreign"]) == states(found["kernel_log"]) == [State.OK] * 3
    asked = sorted(line.split("=")[0] for line in (tmp_path / "asked").read_text().splitlines())
    assert asked == ["--query-compute-apps", "--query-gpu", "dmesg"]


def test_amd_s_sensors_are_read_and_one_that_does_not_answer_is_lost(tmp_path: Path) -> None:
    for gpu in (0, 1):
        node = tmp_path / f"sys/class/kfd/kfd/topology/nodes/{gpu + 1}"
        node.mkdir(parents=True)
        node.joinpath("properties").write_text(
            f"simd_count 56\ndrm_render_minor {128 + gpu}\nlocation_id {768 + gpu}\n"
        )
        device = tmp_path / f"sys/class/drm/renderD{128 + gpu}/device"
        (device / "hwmon/hwmon3").mkdir(parents=True)
        device.joinpath("hwmon/hwmon3/temp1_input").write_text("96000\n" if gpu == 0 else "")
        device.joinpath("gpu_busy_percent").write_text("42\n" if gpu == 0 else "")

    found = seen(tmp_path, vendor="amd")

    assert states(found["driver"]) == [State.OK, State.FAILED]
    assert found["driver"][0].values == {"busy_percent": 42.0}
    assert states(found["temperature"]) == [State.FAILED, State.UNREADABLE]


def test_a_check_that_hangs_in_the_kernel_is_given_up_and_the_others_answer(tmp_path: Path) -> None:
    def hang(_place: Place, _gpu: int) -> Reading:
        while True:
            time.sleep(60)

    def check(name: str, ask: object) -> HealthCheck:
        told = (Severity.TELL, 0.3, Scope.NODE, Lift.PASSES, Problem.RIG, "hint")
        return HealthCheck(name, (Phase.RUN,), *told, ask)  # type: ignore[arg-type]

    def crash(_place: Place, _gpu: int) -> Reading:
        raise OSError("no such sensor")

    checks = [check("hangs", hang), check("breaks", crash), check("passes", lambda _place, _gpu: Reading())]
    found = look(Place("nvidia", (0,), tmp_path), Phase.RUN, checks)

    assert [(one.check, one.state, one.reason) for one in found] == [
        ("hangs", State.UNREADABLE, "no answer within 0.3 s"),
        ("breaks", State.UNREADABLE, "OSError: no such sensor"),
        ("passes", State.OK, ""),
    ]


def test_what_cannot_be_killed_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that sleeps in the kernel: the signal is lost."""
    monkeypatch.setattr(abandon, "abandon", lambda pid: pids.append(pid))
    pids: list[int] = []
    started = time.monotonic()

    found = abandon.answers({"stuck": (lambda: time.sleep(30), 0.2)})

    assert isinstance(found["stuck"], abandon.Unanswered)
    assert time.monotonic() - started < 5
    os.kill(pids[0], 9)
    os.waitpid(pids[0], 0)


def test_an_entry_and_a_function_make_a_check(tmp_path: Path) -> None:
    told = (Severity.DRAIN, 5.0, Scope.GPU, Lift.PASSES, Problem.RIG, "Mend it.")
    added = HealthCheck("odd", (Phase.BETWEEN,), *told, lambda _place, gpu: Reading.judged("odd" if gpu % 2 else None))

    found = look(Place("nvidia", (0, 1, 2), tmp_path), Phase.BETWEEN, [added])

    assert states(found) == [State.OK, State.FAILED, State.OK]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_says_what_to_do_and_ends(check: HealthCheck) -> None:
    assert check.hint.endswith(".")
    assert check_of(check.name) is check
    assert (check.look is None) == (check.phases == ())
    assert check.look is None or 0 < check.limit_s <= 10


class Full:
    """A disk as statvfs tells of it."""

    def __init__(self, free: int, files: int) -> None:
        self.f_blocks, self.f_bfree, self.f_bavail = 1000, free, free
        self.f_files, self.f_favail = 1000, files


@pytest.mark.parametrize(("free", "files", "failing"), [(10, 500, "disk"), (500, 0, "inodes"), (20, 20, "")])
def test_a_full_disk_or_one_without_inodes_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, files: int, failing: str
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: Full(free, files))
    place = Place("nvidia", (0,), tmp_path / "not" / "there")

    said = {"disk": of_nodes.disk(place, 0), "inodes": of_nodes.inodes(place, 0)}

    assert [name for name, reading in said.items() if reading.state is State.FAILED] == ([failing] if failing else [])


@pytest.mark.parametrize(("off", "words"), [(600, "behind"), (-600, "ahead of"), (5, "")])
def test_a_clock_ten_minutes_off_is_told(tmp_path: Path, off: float, words: str) -> None:
    reading = of_nodes.clock(Place("nvidia", (0,), tmp_path, head_time=time.time() + off), 0)

    assert reading.state is (State.FAILED if words else State.OK)
    assert words in reading.reason


def test_a_process_of_somebody_else_on_the_gpu_is_told(tmp_path: Path) -> None:
    install(tmp_path, f"echo '00000000:05:00.0, {os.getpid()}, 800'\n")
    place = Place("nvidia", (0,), tmp_path, vitals={0: Vitals(address="0000:05:00.0")})

    assert of_gpus.foreign(place, 0).reason == f"other processes compute on it: {os.getpid()} (800 MiB)"


@pytest.mark.parametrize(("ago", "state"), [(60.0, State.FAILED), (5000.0, State.OK)])
def test_a_ring_that_timed_out_lately_is_told(tmp_path: Path, ago: float, state: State) -> None:
    moment = float(Path("/proc/uptime").read_text().split()[0]) - ago
    install(tmp_path, f"echo '[{moment:.6f}] amdgpu 0000:03:00.0: [drm] ring gfx timeout'\n", "dmesg")
    place = Place("amd", (0,), tmp_path, vitals={0: Vitals(address="0000:03:00.0")})

    assert of_gpus.kernel_log(place, 0).state is state
