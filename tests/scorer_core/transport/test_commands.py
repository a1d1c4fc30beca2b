"""Given hostile values: what a shell makes of our commands is what was meant, and nothing else happens."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.rig import scripts
from scorer_core.rig.gpus import GpuVendor
from scorer_core.rig.main import _parser
from scorer_core.rig.paths import RigPaths, safe_name
from scorer_core.transport import commands
from tests.support.needs import require_program

SHA = "a1" * 32
HOSTILE = {
    "plain": "rig-6600c",
    "spaces": " two  words ",
    "single quotes": "it's 'quoted'",
    "double quotes": 'say "hi"',
    "newline": "one\ntwo",
    "semicolon": "; touch PWNED",
    "substitution": "$(touch PWNED)",
    "backticks": "`touch PWNED`",
    "out of the quotes": "'; touch PWNED; '",
    "and": "&& touch PWNED #",
    "pipe": "| touch PWNED",
    "redirection": "> PWNED",
    "variable": "$HOME ${HOME} ~",
    "glob": "* ? [a-z]",
    "backslash": "\\ \\n \\'",
    "leading dash": "-rf",
    "double dash": "--",
    "unicode": "Zürich · gpu 3 日本 🜨",
    "empty": "",
}
FOR_PATHS = {name: text for name, text in HOSTILE.items() if text}
hostile_path = pytest.mark.parametrize("text", FOR_PATHS.values(), ids=FOR_PATHS)

DUMP = "#!/bin/sh\nprintf '%s\\0' \"$@\"\n"


@pytest.fixture(params=["bash", "dash"])
def shell(request: pytest.FixtureRequest) -> Path:
    return require_program(request.param)


def run(shell: Path, command: str, cwd: Path, stdin: str = "") -> str:
    """Run a command as sshd does, in an empty folder, and return what it printed."""
    empty = cwd / "empty"
    empty.mkdir()
    done = subprocess.run(
        [shell, "-c", command],
        cwd=empty,
        input=stdin,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "LC_ALL": "C"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(empty.iterdir()) == [], "the shell did something of its own"
    assert list(cwd.rglob("PWNED")) == []
    return done.stdout


def dumper(folder: Path) -> str:
    """Write a program that prints its arguments, in place of Python, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "python"
    program.write_text(DUMP)
    program.chmod(0o700)
    return str(program)


def arguments(shell: Path, command: str, cwd: Path) -> list[str]:
    return run(shell, command, cwd).split("\0")[:-1]


@hostile_path
def test_make_folder_makes_that_folder_for_the_owner_alone(shell: Path, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "root" / text / "deeper"

    run(shell, commands.make_folder(PurePosixPath(folder)), tmp_path)
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (tmp_path / "root").iterdir()] == [text]


def test_make_folder_makes_also_a_relative_folder_with_a_leading_dash(shell: Path, tmp_path: Path) -> None:
    subprocess.run([shell, "-c", commands.make_folder(PurePosixPath("-rf"))], cwd=tmp_path, check=True)

    assert [path.name for path in tmp_path.iterdir()] == ["-rf"]


@pytest.mark.parametrize("name", ["clean", "present", "install", "journals"])
def test_a_script_gets_its_source_and_its_arguments_unchanged(shell: Path, tmp_path: Path, name: str) -> None:
    python = dumper(tmp_path)

    found = arguments(shell, commands.script(python, name, *HOSTILE.values()), tmp_path)
    assert found == ["-I", "-c", scripts.source(name), *HOSTILE.values()]


@hostile_path
def test_a_script_runs_whatever_the_folder_of_its_python_is_called(shell: Path, tmp_path: Path, text: str) -> None:
    python = dumper(tmp_path / "opt" / text)

    assert arguments(shell, commands.script(python, "journals", text), tmp_path)[-1] == text


@hostile_path
def test_journals_are_read_in_that_folder_and_no_other(shell: Path, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "root" / text
    folder.mkdir(parents=True)
    (folder / "gpu0.jsonl").write_text("line\n")

    printed = run(shell, commands.script(sys.executable, "journals", str(folder)), tmp_path)
    assert json.loads(printed) == {"gpu0.jsonl": "line\n"}


@hostile_path
def test_clean_removes_what_it_should_and_knows_the_live_runs(shell: Path, tmp_path: Path, text: str) -> None:
    root = tmp_path / "rig root" / text
    for run_name in (text, "old"):
        (root / "runs" / run_name).mkdir(parents=True)

    command = commands.clean(sys.executable, PurePosixPath(root), 0, 1e-9, [text])
    assert json.loads(run(shell, command, tmp_path))["runs"] == ["old"]
    assert [path.name for path in (root / "runs").iterdir()] == [text]


def test_clean_passes_each_live_run_as_one_argument(shell: Path, tmp_path: Path) -> None:
    command = commands.clean(dumper(tmp_path), PurePosixPath("/root"), 20, 30.5, HOSTILE.values())

    assert arguments(shell, command, tmp_path)[3:] == ["/root", "20", "30.5", *HOSTILE.values()]


@hostile_path
def test_probe_and_check_reach_the_worker_as_they_were_meant(shell: Path, tmp_path: Path, text: str) -> None:
    python = dumper(tmp_path)
    paths = RigPaths(PurePosixPath("/rigs") / text)
    worker = paths.worker(SHA)
    check = commands.check(
        python, paths, node="rig-a", worker_sha256=SHA, pool_sha256=SHA, threads=2, table="max_offset"
    )

    found = arguments(shell, f"{commands.probe(python, worker, GpuVendor.AMD)}; {check}", tmp_path)
    assert found[:6] == [str(worker), "probe", "--vendor", "amd", "-u", str(worker)]
    told = _parser().parse_args(found[6:])
    assert (told.threads, told.root, told.node, told.pool_sha256, told.table) == (
        2,
        str(paths.root),
        "rig-a",
        SHA,
        "max_offset",
    )


@pytest.mark.parametrize("text", [text for text in HOSTILE.values() if text != "--"])  # argparse drops it before 3.13
def test_a_worker_understands_every_argument_of_serve(shell: Path, tmp_path: Path, text: str) -> None:
    paths = RigPaths(PurePosixPath(f"/rigs/{text}"))
    command = commands.serve(
        dumper(tmp_path),
        paths,
        node=text,
        run_id=text,
        gpu=3,
        vendor=GpuVendor.AMD,
        worker_sha256=SHA,
        pool_sha256=SHA[::-1],
        silence_s=2.5,
        cache_mb=64,
    )

    found = arguments(shell, command, tmp_path)
    assert found[:2] == ["-u", str(paths.worker(SHA))]
    told = _parser().parse_args(found[2:])
    assert (told.root, told.node, told.run_id, told.gpu) == (str(paths.root), text, text, 3)
    assert (told.worker_sha256, told.pool_sha256) == (SHA, SHA[::-1])
    assert (told.vendor, told.silence_s, told.cache_mb) == ("amd", 2.5, 64)


def test_the_worker_is_the_process_that_the_channel_holds(shell: Path, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho $$\n")
    python.chmod(0o700)
    command = commands.serve(
        str(python),
        RigPaths(PurePosixPath("/r")),
        node="n",
        run_id="r",
        gpu=0,
        vendor=GpuVendor.NVIDIA,
        worker_sha256=SHA,
        pool_sha256=SHA,
        silence_s=20.0,
        cache_mb=256,
    )

    held, worker = run(shell, f"echo $$; {command}", tmp_path).split()
    assert held == worker


@given(st.text())
def test_no_run_id_leads_out_of_the_root(run_id: str) -> None:
    paths = RigPaths(PurePosixPath("/rig/root"))
    folder = paths.run(run_id)

    assert folder.parent == PurePosixPath("/rig/root/runs")
    assert folder.name not in ("", ".", "..")
    assert not folder.name.startswith(("-", "."))
    assert set(folder.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert len(folder.name) <= 255 - len("gpu63.jsonl")
    assert paths.journal(run_id, 7) == folder / "gpu7.jsonl"


@given(st.text("ab-._/ +:", max_size=4), st.text("ab-._/ +:", max_size=4))
def test_two_run_ids_never_share_a_folder(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)


@given(st.text(min_size=81), st.text(min_size=1))
def test_run_ids_that_differ_only_at_their_far_end_do_not_share_a_folder(start: str, end: str) -> None:
    assert safe_name(start) != safe_name(start + end)


def test_an_ordinary_run_id_is_its_own_folder() -> None:
    assert safe_name("manual-2026.01_x") == "manual-2026.01_x"
    assert safe_name("manual__2026-01-01T00:00:00+00:00").startswith("manual__2026-01-01T00-00-00-00-00-")


@pytest.mark.parametrize("sha256", ["", "a" * 63, "A" * 64, "../../../etc/passwd", f"{SHA}\n", f"{SHA}/.."])
def test_what_is_no_checksum_makes_no_path(sha256: str) -> None:
    paths = RigPaths(PurePosixPath("/rig/root"))

    for place in (paths.worker, paths.pool):
        with pytest.raises(ValueError, match="not a SHA-256"):
            place(sha256)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", ".hidden", "-rf", "new\nline", "trailing\n"])
def test_what_is_no_plain_name_makes_no_upload(name: str) -> None:
    with pytest.raises(ValueError, match="not a plain file name"):
        RigPaths(PurePosixPath("/rig/root")).incoming(name)
