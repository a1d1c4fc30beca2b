"""A kernel that a test writes: /proc and /sys are folders of its own, and no driver is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scorer_core.rig import programs
from scorer_core.rig.health import of_gpus, of_nodes
from scorer_core.rig.health.place import SYS

Install = Callable[..., None]


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands in for /proc: a rig that is up for an hour."""
    folder = tmp_path / "proc"
    folder.mkdir()
    (folder / "uptime").write_text("3600.00 7000.00\n")
    for module in (of_nodes, of_gpus):
        monkeypatch.setattr(module, "PROC", folder)
    return folder


@pytest.fixture
def sys_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands in for /sys; nothing is in it."""
    monkeypatch.setenv(SYS, str(tmp_path / "sys"))
    return tmp_path / "sys"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a program of a driver on the PATH, where nothing else is."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(programs, "USUAL_PLACES", ())
    monkeypatch.delenv("SCORER_RIG_GPUS", raising=False)

    def install(text: str, name: str = "nvidia-smi") -> None:
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)

    return install
