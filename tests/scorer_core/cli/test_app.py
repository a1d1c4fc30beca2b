"""The command line as a whole: help on everything, one line for every error, and a quick start."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from scorer_core import __version__
from tests.scorer_core.cli.installation import ROOT, Installation, the_only_line

COMMANDS = {
    ("sample-pool",): ("--kind", "--size", "--seed", "--lift", "--out"),
    ("evaluate",): ("--pool", "--requests"),
    ("search",): (
        "--pool",
        "--n-trials",
        "--sample-size",
        "--search",
        "--mask-policy",
        "--fixed-params",
        "--seed",
        "--out",
    ),
    ("gate",): ("--run", "--json"),
    ("publish",): ("--run",),
    ("rollback",): (),
    ("runs",): ("--json",),
    ("cluster", "check"): (),
    ("db", "status"): (),
    ("db", "upgrade"): ("--abandon",),
}
HEAVY = ("numpy", "optuna", "pydantic", "scipy", "sqlalchemy", "yaml")


def test_help_names_every_command(installation: Installation) -> None:
    told = installation.scorer("--help")

    assert told.exit_code == 0
    for command in COMMANDS:
        assert command[0] in told.stdout


@pytest.mark.parametrize(("command", "options"), COMMANDS.items(), ids=" ".join)
@pytest.mark.parametrize("name", ["--help", "-h"])
def test_help_on_a_command_explains_every_option(
    installation: Installation, command: tuple[str, ...], options: tuple[str, ...], name: str
) -> None:
    told = installation.scorer(*command, name)

    assert told.exit_code == 0
    for option in options:
        (line,) = [line for line in told.stdout.splitlines() if f" {option} " in line]
        assert len(line.split()) > 4, line  # its name, its kind of value, and words


def test_version(installation: Installation) -> None:
    assert installation.scorer("--version").stdout == f"scorer {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: Missing command. Try `scorer --help`."),
        (["cluster"], "error: Missing command. Try `scorer cluster --help`."),
        (["serach"], "error: No such command 'serach'. Did you mean 'search'? Try `scorer --help`."),
        (["evaluate"], "error: Missing option '--pool'. Try `scorer evaluate --help`."),
        (
            ["search", "--polo", "x"],
            "error: No such option: --polo (Possible options: --pool). Try `scorer search --help`.",
        ),
        (["rollback", "now"], "error: Got unexpected extra argument(s) (now). Try `scorer rollback --help`."),
    ],
)
def test_a_wrong_command_line_is_one_line(installation: Installation, arguments: list[str], message: str) -> None:
    failed = installation.scorer(*arguments)

    assert (failed.exit_code, failed.stdout) == (2, "")
    assert the_only_line(failed.stderr) == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hoem": "x"}, "environment: unknown key 'SCORER_HOEM'; did you mean 'SCORER_HOME'?"),
        ({"keep_runs": "0"}, "environment: SCORER_KEEP_RUNS: greater than or equal to 1"),
        ({"database_url": "secret"}, "the ledger's database cannot be opened (ArgumentError). Check"),
        ({"database_url": "sqlite:////dev/null/scorer.db"}, "the ledger's database cannot be opened (FileExistsError)"),
        ({"database_url": "sqlite:////"}, "the ledger's database cannot be opened (unable to open database file)"),
    ],
    ids=["unknown", "out of range", "no URL", "no folder", "no file"],
)
@pytest.mark.parametrize("command", [["runs"], ["search", "--pool", "x", "--out", "y"]], ids=["runs", "search"])
def test_a_wrong_environment_is_one_line_without_secrets(
    installation: Installation, command: list[str], settings: dict[str, str], message: str
) -> None:
    failed = installation.scorer(*command, **settings)

    assert (failed.exit_code, failed.stdout) == (2, "")
    assert the_only_line(failed.stderr).startswith(f"error: {message}")
    assert "secret" not in failed.stderr


@pytest.mark.slow
def test_a_process_fails_with_exit_code_2_and_one_line(installation: Installation) -> None:
    failed = installation.process("gate", "--run", installation.home)

    assert (failed.returncode, failed.stdout) == (2, b"")
    assert the_only_line(failed.stderr.decode()).startswith(f"error: {installation.home}: not a run folder")


def test_the_help_waits_for_no_heavy_module() -> None:
    program = (
        "import json, sys; from scorer_core.cli.app import app\n"
        "try: app(['--help'])\n"
        "finally: sys.stderr.write(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT, timeout=60)

    loaded = json.loads(done.stderr)
    assert "scorer_core.cli.search" in loaded
    assert [name for name in HEAVY if name in loaded] == []
