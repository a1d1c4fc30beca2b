"""What is shipped to rigs runs on Python 3.10, as far as reading it can tell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scorer_core.transport.bundle import shipped_files

VERMIN = Path(sys.executable).with_name("vermin")


def judge(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Ask vermin for the oldest Python that files need; exit code 0 means 3.10 or older."""
    command: list[str | Path] = [VERMIN, "-t=3.10-", "--no-tips", "--eval-annotations", "--processes=1", "-vvv", *paths]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_what_is_shipped_runs_on_python_3_10() -> None:
    files = shipped_files()

    answer = judge(*files)

    assert answer.returncode == 0, answer.stdout + answer.stderr
    unread = [path.name for path in files if str(path) not in answer.stdout]
    assert unread == []


@pytest.mark.parametrize(
    "text",
    [
        "import tomllib",
        "from enum import StrEnum",
        "from datetime import UTC",
        "from typing import Self\ndef me(x: Self) -> Self: ...",
        "try:\n    pass\nexcept* OSError:\n    pass",
    ],
)
def test_code_that_needs_a_later_python_is_refused(tmp_path: Path, text: str) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(text, encoding="utf-8")

    answer = judge(planted)

    assert answer.returncode == 1, answer.stdout
    assert "Target versions not met:   3.10-" in answer.stdout
