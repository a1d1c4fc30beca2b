"""A worker has another process look at its GPU: what that says is passed on, and what it does not say is told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scorer_core.rig.health import watch
from scorer_core.rig.health.check import Phase
from scorer_core.rig.health.watch import Watch


def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> dict[str, Any]:
    worker = tmp_path / "worker.py"
    worker.write_text(f"import json, sys, time\n{program}\n")
    monkeypatch.setattr(sys, "argv", [str(worker), "serve"])
    monkeypatch.setattr(watch, "LOOK_S", 1.0 if "sleep" in program else 30.0)
    return Watch("/a root", "amd", 3).look(Phase.RUN)()


def test_the_worker_s_own_program_is_asked_about_its_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = look(tmp_path, monkeypatch, 'print(json.dumps({"findings": sys.argv[1:]}))')

    assert said == {"findings": ["health", "--root=/a root", "--vendor=amd", "--gpu=3", "--phase=run"]}


@pytest.mark.parametrize(
    ("program", "check", "reason"),
    [
        ("time.sleep(60)", "driver", "gave no answer within 1 s"),
        ("sys.exit('no such check')", "temperature", "the look at the GPU ended with 'no such check'"),
    ],
)
def test_a_look_that_hangs_speaks_against_the_driver_and_one_that_breaks_against_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, check: str, reason: str
) -> None:
    (found,) = look(tmp_path, monkeypatch, program)["findings"]

    assert (found["check"], found["gpu"], found["state"]) == (check, 3, "unreadable")
    assert reason in found["reason"]
