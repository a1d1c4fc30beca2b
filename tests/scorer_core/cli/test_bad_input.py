"""Given what a person can get wrong, on every command: one line on standard error, exit code 2, and no traceback."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scorer_core.cli.installation import Installation, the_only_line

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Command:
    """A command that would work: its options with good values; `{name}` is replaced by what `good_values` has."""

    words: tuple[str, ...]
    reads: dict[str, str]
    writes: dict[str, str]
    numbers: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    needs_ledger: bool = True


COMMANDS = (
    Command(
        ("sample-pool", "--kind", "null"),
        {},
        {"--out": "{new}.npz"},
        ("--size", "--seed", "--lift"),
        ("--kind",),
        needs_ledger=False,
    ),
    Command(("evaluate",), {"--pool": "{pool}", "--requests": "{requests}"}, {}, needs_ledger=False),
    Command(
        ("search",),
        {"--pool": "{pool}"},
        {"--out": "{new}"},
        ("--n-trials", "--sample-size", "--seed"),
        ("--search", "--mask-policy"),
        ("--fixed-params",),
    ),
    Command(("gate",), {"--run": "{run}"}, {}),
    Command(("publish",), {"--run": "{run}"}, {}),
    Command(("rollback",), {}, {}),
    Command(("runs",), {}, {}),
    Command(("gate-history",), {"--pool": "{pool}"}, {}),
    Command(
        ("compare-policies",),
        {"--pool": "{pool}"},
        {"--out": "{new}.json"},
        ("--n-trials", "--repeats", "--sample-size", "--seed"),
        ("--search",),
        needs_ledger=False,
    ),
    Command(("cluster", "check"), {}, {}, needs_ledger=False),
    Command(("db", "status"), {}, {}),
    Command(("db", "upgrade"), {}, {}),
)
BAD_NUMBERS = ("", "ten", "-1", "1e400", "nan", "9" * 5000, "0x10", "\ud800")
BAD_FILES: dict[str, Callable[[Path], Path | str]] = {
    "missing": lambda folder: folder / "missing",
    "below a file": lambda folder: _file(folder, b"x") / "below",
    "a folder": lambda folder: folder,
    "empty": lambda folder: _file(folder, b""),
    "bytes": lambda folder: _file(folder, bytes(range(256))),
    "almost an NPZ": lambda folder: _file(folder, b"PK\x03\x04" + bytes(500)),
    "almost JSON": lambda folder: _file(folder, b"[" * 100_000),
    "a named pipe": lambda folder: _fifo(folder),
    "without an end": lambda _folder: "/dev/zero",
    "a link to itself": lambda folder: _loop(folder),
    "too long a name": lambda folder: folder / ("x" * 5000),
    "no name": lambda _folder: "",
    "a zero byte": lambda folder: f"{folder}/a\0b",
    "a lone surrogate": lambda folder: f"{folder}/a\ud800b",
    "an escape sequence": lambda folder: f"{folder}/\x1b[2J",
}
GOOD_REQUESTS = ("empty", "a named pipe")
BAD_PLACES = {name: BAD_FILES[name] for name in ("below a file", "too long a name", "no name", "a zero byte")}
BAD_SETTINGS = {
    "unknown": {"hoem": "x"},
    "no number": {"keep_runs": "many"},
    "endless": {"keep_days": "inf"},
    "no URL": {"database_url": "scorer.db"},
    "no such database": {"database_url": "nosuch://host/db"},
    "no such driver": {"database_url": "postgresql+nosuch://host/db"},
    "a driver that is not installed": {"database_url": "mysql://host/db"},
    "home a file": {"home": "/dev/null"},
    "home nobody's": {"home": "~nobody-here/scorer"},
    "home without a name": {"home": ""},
}


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def _fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def _loop(folder: Path) -> Path:
    (folder / "loop").symlink_to(folder / "loop")
    return folder / "loop"


def good(command: Command, values: dict[str, str], **instead: object) -> list[str]:
    """Return the command line, with other values for some options."""
    filled = {name: value.format(**values) for name, value in {**command.reads, **command.writes}.items()}
    options = {**filled, **instead}
    return [*command.words, *(str(word) for option in options.items() for word in option)]


@pytest.fixture
def values(tmp_path: Path, small: Path) -> dict[str, str]:
    requests = tmp_path / "requests"
    requests.write_text("")
    return {"pool": str(small), "new": str(tmp_path / "new"), "requests": str(requests), "run": str(tmp_path / "run")}


def file_cases() -> Iterator[object]:
    for command in COMMANDS:
        for option, name in itertools.product(command.reads, BAD_FILES):
            if option == "--requests" and name in GOOD_REQUESTS:
                continue
            yield pytest.param(command, option, name, id=f"{' '.join(command.words[:1])} {option} {name}")
        for option, name in itertools.product(command.writes, BAD_PLACES):
            yield pytest.param(command, option, name, id=f"{' '.join(command.words[:1])} {option} {name}")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("command", "option", "name"), list(file_cases()))
def test_a_file_that_does_not_do(
    installation: Installation, values: dict[str, str], tmp_path: Path, command: Command, option: str, name: str
) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    bad = BAD_FILES[name](folder)
    assert_one_line(installation, good(command, values, **{option: bad}))


def number_cases() -> Iterator[object]:
    for command in COMMANDS:
        for option, value in itertools.product(command.numbers, BAD_NUMBERS):
            yield pytest.param(command, option, value, id=f"{' '.join(command.words[:1])} {option} {value[:8]!r}")
        for option in (*command.choices, *command.objects):
            for value in ("", "nosuch", "[]", "\ud800", "{" * 50_000):
                yield pytest.param(command, option, value, id=f"{' '.join(command.words[:1])} {option} {value[:8]!r}")


@pytest.mark.parametrize(("command", "option", "value"), list(number_cases()))
def test_a_value_that_does_not_do(
    installation: Installation, values: dict[str, str], command: Command, option: str, value: str
) -> None:
    assert_one_line(installation, good(command, values, **{option: value}))


@pytest.mark.parametrize("name", BAD_SETTINGS)
@pytest.mark.parametrize("command", [one for one in COMMANDS if one.needs_ledger], ids=lambda one: " ".join(one.words))
def test_an_environment_that_does_not_do(
    installation: Installation, values: dict[str, str], command: Command, name: str
) -> None:
    assert_one_line(installation, good(command, values), **BAD_SETTINGS[name])


@pytest.mark.parametrize("more", [["--nosuch"], ["extra"], ["--help=5"], ["-x"]], ids=" ".join)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: " ".join(one.words))
def test_words_that_do_not_belong_there(
    installation: Installation, values: dict[str, str], command: Command, more: list[str]
) -> None:
    assert_one_line(installation, [*good(command, values), *more])


def assert_one_line(installation: Installation, arguments: list[str], **settings: str) -> None:
    failed = installation.scorer(*arguments, **settings)

    assert (failed.exit_code, failed.stdout) == (2, "")
    told = the_only_line(failed.stderr)
    assert told.startswith("error: ")
    assert "fault of the program" not in told
    assert told.isprintable()
