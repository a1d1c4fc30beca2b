"""Given a program that is not there: a desk skips, CI fails, and both say what to install."""

from __future__ import annotations

import pytest

from tests.support.needs import require_program


def test_a_program_that_is_there_is_found() -> None:
    assert require_program("sh").is_file()


def test_a_missing_program_skips_at_a_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install no-such-program"):
        require_program("no-such-program")


def test_a_missing_program_fails_in_ci_and_names_its_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("shutil.which", lambda name, path: None)
    with pytest.raises(pytest.fail.Exception, match="program sshd.*apt-get install openssh-server"):
        require_program("sshd")
