"""The scripts that a rig runs before it has a worker, each as it travels: the argument of `python -I -c`."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scorer_core.rig.scripts import source

DAY = 86400.0


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", source(name), *(str(word) for word in arguments)]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, check=False)


def succeed(name: str, *arguments: object) -> Any:
    done = run(name, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def aged(path: Path, days: float, content: str | None = "x") -> Path:
    """Make a file, or a folder for None, last changed some days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


def aged_run(root: Path, name: str, days: float) -> None:
    """Make the folder of a run whose last result is some days old."""
    aged(root / "runs" / name / "gpu0.jsonl", days)
    then = time.time() - days * DAY
    os.utime(root / "runs" / name, (then, then))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_cleaning_a_new_root_makes_it_private(tmp_path: Path) -> None:
    root = tmp_path / "new root $HOME" / "scorer"

    assert succeed("clean", root, 20, 30.0) == {"incoming": [], "runs": [], "pools": [], "workers": [], "tables": []}
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_cleaning_removes_staging_and_what_is_past_its_time(tmp_path: Path) -> None:
    aged(tmp_path / "incoming" / "stale", 1)
    aged(tmp_path / "incoming" / "under-way", 0)
    for name, days in (("old", 31), ("new", 29)):
        aged(tmp_path / "pools" / f"{name}.npz", days)
        aged(tmp_path / "workers" / name / "worker.pyz", days)
        then = time.time() - days * DAY
        os.utime(tmp_path / "workers" / name, (then, then))

    removed = succeed("clean", tmp_path, 20, 30.0)

    assert removed == {"incoming": ["stale"], "runs": [], "pools": ["old.npz"], "workers": ["old"], "tables": []}
    assert names(tmp_path / "incoming") == ["under-way"]
    assert names(tmp_path / "pools") == ["new.npz"]
    assert names(tmp_path / "workers") == ["new"]


@pytest.mark.parametrize(
    ("keep", "live", "left"),
    [
        (1, [], ["day-1"]),
        (3, [], ["day-1", "day-40", "day-50"]),
        (1, ["day-60"], ["day-1", "day-60"]),
        (99, [], ["day-1", "day-40", "day-50", "day-60"]),
    ],
)
def test_the_newest_runs_and_those_in_progress_are_kept(
    tmp_path: Path, keep: int, live: Sequence[str], left: list[str]
) -> None:
    for days in (60, 1, 50, 40):
        aged_run(tmp_path, f"day-{days}", days)

    succeed("clean", tmp_path, keep, 30.0, *live)

    assert names(tmp_path / "runs") == left


def test_a_young_run_is_kept_however_many_there_are(tmp_path: Path) -> None:
    for number in range(5):
        aged_run(tmp_path, f"run-{number}", 29)

    succeed("clean", tmp_path, 1, 30.0)

    assert len(names(tmp_path / "runs")) == 5


def test_a_journal_still_written_keeps_its_old_folder(tmp_path: Path) -> None:
    aged_run(tmp_path, "long", 60)
    aged_run(tmp_path, "other", 1)
    (tmp_path / "runs" / "long" / "gpu0.jsonl").write_text("a result of now")

    succeed("clean", tmp_path, 1, 30.0)

    assert names(tmp_path / "runs") == ["long", "other"]


def test_what_is_not_ours_is_never_touched_and_links_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for path in (root / "locks" / "gpu0.lock", root / "notes", outside / "photos", root / "published.json"):
        aged(path, 900)
    (root / "runs").mkdir()
    for name in ("linked", "dangling"):
        target = outside if name == "linked" else tmp_path / "nowhere"
        (root / "runs" / name).symlink_to(target)
        os.utime(root / "runs" / name, (0, 0), follow_symlinks=False)
    aged_run(root, "young", 1)

    removed = succeed("clean", root, 1, 30.0)

    assert removed == {"incoming": [], "runs": ["dangling", "linked"], "pools": [], "workers": [], "tables": []}
    assert names(root) == ["locks", "notes", "published.json", "runs"]
    assert names(outside) == ["photos"]


def test_present_says_which_files_are_whole_and_removes_altered_ones(tmp_path: Path) -> None:
    whole, altered = tmp_path / "it's whole", tmp_path / "altered"
    whole.write_bytes(b"whole")
    altered.write_bytes(b"altered")

    said = succeed(
        "present", tmp_path, whole, sha256(b"whole"), altered, sha256(b"right"), tmp_path / "none", sha256(b"")
    )

    assert said["present"] == [True, False, False]
    assert said["free"] > 0
    assert names(tmp_path) == ["it's whole"]


def test_a_file_that_is_used_again_is_young_again(tmp_path: Path) -> None:
    pool = aged(tmp_path / "pools" / "p.npz", 100, "pool")

    succeed("present", tmp_path, pool, sha256(b"pool"))
    succeed("clean", tmp_path, 1, 30.0)

    assert pool.exists()


def test_an_upload_is_put_in_its_place_privately(tmp_path: Path) -> None:
    upload, final = tmp_path / "incoming" / "u", tmp_path / "workers" / "abc" / "worker.pyz"
    upload.parent.mkdir()
    upload.write_bytes(b"worker")
    upload.chmod(0o666)

    done = run("install", upload, final, sha256(b"worker"))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert final.read_bytes() == b"worker"
    assert not upload.exists()
    assert stat.S_IMODE(final.stat().st_mode) == 0o600
    assert stat.S_IMODE(final.parent.stat().st_mode) == 0o700


def test_an_upload_that_was_altered_on_the_way_replaces_nothing(tmp_path: Path) -> None:
    upload, final = tmp_path / "u", tmp_path / "worker.pyz"
    upload.write_bytes(b"altered")
    final.write_bytes(b"before")

    done = run("install", upload, final, sha256(b"right"))

    assert done.returncode == 3
    assert done.stderr == f"arrived with SHA-256 {sha256(b'altered')}\n"
    assert final.read_bytes() == b"before"
    assert not upload.exists()


def test_an_upload_that_never_came_is_an_error_of_another_kind(tmp_path: Path) -> None:
    done = run("install", tmp_path / "none", tmp_path / "final", sha256(b""))

    assert done.returncode not in (0, 3)
    assert "FileNotFoundError" in done.stderr


def test_the_journals_of_a_run_are_printed_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "run [1] *"
    folder.mkdir()
    (folder / "gpu0.jsonl").write_bytes(b'{"a": 1}\n{"torn')
    (folder / "gpu11.jsonl").write_bytes("é\xff\n".encode("latin-1"))
    (folder / "other.txt").write_text("no journal")

    said = succeed("journals", folder)

    assert said == {"gpu0.jsonl": '{"a": 1}\n{"torn', "gpu11.jsonl": "\ufffd\ufffd\n"}


def test_a_rig_that_ran_nothing_has_no_journals(tmp_path: Path) -> None:
    assert succeed("journals", tmp_path / "none") == {}


@pytest.mark.parametrize("name", ["clean", "present", "install", "journals"])
def test_a_script_is_one_word_of_a_command_line(name: str) -> None:
    assert len(source(name)) < 16_000
    assert "import scorer_core" not in source(name)
    assert "from scorer_core" not in source(name)
