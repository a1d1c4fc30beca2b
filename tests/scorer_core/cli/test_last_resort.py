"""What nobody foresaw ends in one line that names the file of its traceback; `--debug` shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scorer_core.cli.app import app
from scorer_core.cli.errors import OneLineErrors
from scorer_core.publish.publisher import Publisher


@pytest.fixture(autouse=True)
def at_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have a command fail as no error of ours does."""

    def fail(self: Publisher) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setenv("SCORER_HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(OneLineErrors, "debug", False)
    monkeypatch.setattr(Publisher, "published", fail)


def test_it_is_one_line_and_the_traceback_is_kept() -> None:
    ended = CliRunner().invoke(app, ["champion"])

    assert ended.exit_code == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: a fault of the program: RuntimeError: nobody foresaw this")
    (file,) = re.findall(r"Its traceback is in (\S+);", line)
    assert "in fail" in Path(file).read_text()


def test_debug_shows_it() -> None:
    ended = CliRunner().invoke(app, ["--debug", "champion"])

    assert isinstance(ended.exception, RuntimeError)
