"""An installation of its own for a test, and the command line run on it, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer.testing
from typer.main import get_command
from typer.testing import CliRunner, Result

from scorer_core.cli.app import app
from tests.support.own_database import ON_POSTGRESQL, database_of

ROOT = Path(__file__).parents[3]

vars(typer.testing)["_get_command"] = cache(get_command)  # as a process does, which makes its parser once


@dataclass(frozen=True)
class Installation:
    """One SCORER_HOME; whatever SCORER_ variables the developer has set are not seen."""

    home: Path

    def scorer(self, *arguments: object, stdin: str | None = None, **settings: object) -> Result:
        """Run `scorer` in this process; `settings` are SCORER_ variables, by their names in lower case."""
        hidden: dict[str, str | None] = {name: None for name in os.environ if name.startswith("SCORER_")}
        environ = hidden | self._environ(settings)
        return CliRunner().invoke(app, [str(word) for word in arguments], stdin, env=environ, catch_exceptions=False)

    def process(self, *arguments: object, stdin: bytes = b"", **settings: object) -> subprocess.CompletedProcess[bytes]:
        """Run `python -m scorer_core` as a user does."""
        return subprocess.run(
            self.command(*arguments), input=stdin, capture_output=True, timeout=60, env=self.environ(**settings)
        )

    def command(self, *arguments: object) -> list[str]:
        """Return the command line of a process."""
        return [sys.executable, "-W", "error", "-m", "scorer_core", *(str(word) for word in arguments)]

    def environ(self, **settings: object) -> dict[str, str]:
        """Return the environment of a process."""
        hidden = ("SCORER_", "PYTHONUNBUFFERED")  # a pipe is buffered for users
        kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        return {**kept, "PYTHONPATH": str(ROOT), **self._environ(settings)}

    def _environ(self, settings: dict[str, object]) -> dict[str, str]:
        own: dict[str, object] = {"home": self.home, "head_sweep_rows": 0}
        if ON_POSTGRESQL and "home" not in settings:
            own["database_url"] = database_of(self.home)
        return {f"SCORER_{name.upper()}": str(value) for name, value in {**own, **settings}.items()}


def read_trials(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's trials.jsonl, without what differs from one moment to the next."""
    trials = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    return [
        {name: value for name, value in trial.items() if name not in ("started_at", "finished_at", "seconds")}
        for trial in trials
    ]


def the_only_line(text: str) -> str:
    """Return the line of an error, which has to be the only one."""
    lines = text.splitlines()
    assert len(lines) == 1, text
    assert text.endswith("\n")
    return lines[0]


def cells(line: str) -> list[str]:
    """Return the cells of a line of a table that has a frame."""
    return [cell.strip() for cell in line.strip("│").split("│")]
