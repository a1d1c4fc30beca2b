"""Given every command that the parser knows, and what a person can get wrong on each: one line, and exit code 2.

The commands and their parameters are the parser's own: a new one is walked without a change here. What single options
take is in `test_bad_input.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from scorer_core.atomic import make_private_folder
from scorer_core.cli.app import app
from tests.scorer_core.cli.installation import Installation
from tests.scorer_core.cli.test_bad_input import BAD_FILES, BAD_SETTINGS, assert_one_line
from tests.support.own_database import database_of
from tests.support.prepared import make_node

pytestmark = pytest.mark.slow

LONG = "x" * 5000
BAD_WORDS = (
    ["--nosuch"],
    ["--nosuch=1"],
    ["--nosuch", "1"],
    ["--n"],
    ["--help=5"],
    ["--version"],
    ["--debug"],
    ["-x"],
    ["-\x1b[2J"],
    ["-\ud800"],
    ["--="],
    ["---"],
    ["--\x1b]0;title\x07"],
    ["--\ud800"],
    ["--a\0b"],
    [f"--{LONG}"],
    ["extra"],
    [""],
    ["--", "extra"],
    ["\x1b[2J"],
    ["\ud800"],
    ["a\0b"],
    [LONG],
    ["{" * 5000],
    ["\N{RIGHT-TO-LEFT OVERRIDE}"],
    ["extra"] * 1000,
)
GOOD = {"place": "rig-a", "run": "run-1", "reason": "it is hot", "kind": "null"}
"""Values that the commands take; any other parameter that is required gets a path where nothing is."""
READ_NO_SETTINGS = {("sample-pool",), ("evaluate",), ("compare-policies",)}
READ_THE_INVENTORY = {("fleet",), ("drain",), ("undrain",), ("cluster", "check")}
READ_NO_LEDGER = {*READ_NO_SETTINGS, ("cluster", "check")}
NOT_IN_A_VARIABLE = ("a zero byte", "a lone surrogate")
BAD_PLACES = (
    *("", " ", ":", ":0", "nosuch", "rig-a:", "rig-a:2", "rig-a:-1", "rig-a:x", "rig-a:0:0", "rig-a:1.0", "rig-a:١١"),
    *("RIG-A", "rig-a ", "../rig-a", "rig-a:²", "rig-a\0", "\ud800", "\x1b[2J", LONG, f"rig-a:{'9' * 4000}", "{}", "*"),
)
BAD_RUNS = (
    *("", " ", "nosuch", ".", "..", "../run-1", "/", "/dev/zero", "a\0b", "\ud800", "\x1b[2J", LONG, "%s", "{}", "*"),
    *("' OR 1=1 --", "-1", "9" * 5000, "\N{RIGHT-TO-LEFT OVERRIDE}", "\n", "run-1; reboot"),
)


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command of a parser that is no group, with the words that name it."""
    if not hasattr(command, "commands"):
        yield words, command
    for name, under in getattr(command, "commands", {}).items():
        yield from leaves(under, (*words, name))


LEAVES = dict(leaves(typer.main.get_command(app)))
every_command = pytest.mark.parametrize("words", LEAVES, ids=" ".join)


def line(words: tuple[str, ...], folder: Path) -> list[str]:
    """Return a command line with all that a command requires."""
    given = list(words)
    for one in LEAVES[words].params:
        if one.required:
            value = GOOD.get(one.name, str(folder / "nothing"))
            given += [value] if one.param_type_name == "argument" else [one.opts[0], value]
    return given


@pytest.fixture
def ready(installation: Installation) -> Installation:
    """An installation with one rig of two GPUs, whose ledger has its tables."""
    make_private_folder(installation.home)
    database_of(installation.home)
    node = make_node(installation.home, "rig-a")
    (installation.home / "cluster.yaml").write_text(yaml.safe_dump({"nodes": [node]}))
    return installation


def test_the_walk_knows_the_commands_of_every_group() -> None:
    assert {("search",), ("fleet",), ("drain",), ("stop",), ("cluster", "check"), ("db", "upgrade")} <= set(LEAVES)


@every_command
@pytest.mark.parametrize("bad", BAD_WORDS, ids=lambda bad: repr(bad[0])[:20])
def test_words_that_no_command_knows(
    ready: Installation, tmp_path: Path, words: tuple[str, ...], bad: list[str]
) -> None:
    assert_one_line(ready, [*line(words, tmp_path), *bad])


@every_command
def test_options_without_a_value_and_flags_with_one(
    ready: Installation, tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert_one_line(ready, [*words, "--nosuch"])
    for one in LEAVES[words].params:
        if one.param_type_name == "option":
            assert_one_line(ready, [*line(words, tmp_path), f"{one.opts[0]}=5" if one.is_flag else one.opts[0]])


@pytest.mark.parametrize("name", BAD_SETTINGS)
@pytest.mark.parametrize("words", [words for words in LEAVES if words not in READ_NO_LEDGER], ids=" ".join)
def test_an_environment_that_does_not_do(
    ready: Installation, tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    assert_one_line(ready, line(words, tmp_path), **BAD_SETTINGS[name])


@pytest.mark.parametrize("name", ["a folder", "bytes", "almost JSON", "a named pipe", "a link to itself"])
@pytest.mark.parametrize("words", [words for words in LEAVES if words not in READ_NO_LEDGER], ids=" ".join)
def test_a_ledger_that_is_none(ready: Installation, tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    BAD_FILES[name](tmp_path)
    made = {"a folder": "", "a named pipe": "pipe", "a link to itself": "loop"}.get(name, "file")
    assert_one_line(ready, line(words, tmp_path), database_url=f"sqlite:///{tmp_path / made}")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", [name for name in BAD_FILES if name not in NOT_IN_A_VARIABLE])
@pytest.mark.parametrize("words", sorted(READ_THE_INVENTORY), ids=" ".join)
def test_an_inventory_that_does_not_do(ready: Installation, tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    assert_one_line(ready, line(words, tmp_path), cluster_file=str(BAD_FILES[name](folder)))


@pytest.mark.parametrize("place", BAD_PLACES, ids=lambda place: repr(place)[:20])
@pytest.mark.parametrize("command", [["drain", "--reason", "it is hot"], ["undrain"]], ids=lambda words: words[0])
def test_a_place_that_is_none(ready: Installation, command: list[str], place: str) -> None:
    assert_one_line(ready, [*command, "--", place])


@pytest.mark.parametrize("run", BAD_RUNS, ids=lambda run: repr(run)[:20])
def test_a_run_that_nobody_knows(ready: Installation, run: str) -> None:
    assert_one_line(ready, ["stop", "--", run])


@pytest.mark.parametrize("reason", ["", " ", "\n\t"], ids=repr)
def test_a_drain_without_a_reason(ready: Installation, reason: str) -> None:
    assert_one_line(ready, ["drain", "rig-a", "--reason", reason])
