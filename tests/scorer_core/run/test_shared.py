"""A task on a machine without the run's volumes says so before it begins."""

from __future__ import annotations

import shutil
import socket
import threading
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import RunError
from scorer_core.run.folder import RunFiles
from scorer_core.run.shared import MARK, leave_mark
from tests.support.pools import small_pool
from tests.support.prepared import make_settings, prepared

CONF: dict[str, Any] = {"n_trials": 6, "sample_size": 200, "search": "random", "seed": 1}


@pytest.fixture
def run(tmp_path: Path) -> RunContext:
    return prepared(make_settings(tmp_path / "home"), small_pool(600), **CONF)


def test_where_both_volumes_are_the_run_goes_on(run: RunContext) -> None:
    assert RunContext.load(run.run_id, run.settings).record == run.record


def test_without_the_run_folders_a_task_names_the_machine_and_what_to_mount(run: RunContext, tmp_path: Path) -> None:
    shutil.move(run.settings.runs_dir, tmp_path / "elsewhere")

    with pytest.raises(RunError, match="Mount the volume of SCORER_RUNS_DIR") as refusal:
        RunContext.load(run.run_id, run.settings)

    assert str(refusal.value).startswith(f"{socket.gethostname()} does not see run run-1: {run.files.location}")


@pytest.mark.parametrize("has_a_folder_of_its_own", [False, True])
def test_with_another_folder_of_the_published_config_too(
    run: RunContext, tmp_path: Path, has_a_folder_of_its_own: bool
) -> None:
    other = run.settings.model_copy(update={"publish_dir": tmp_path / "other"})
    if has_a_folder_of_its_own:
        leave_mark(RunFiles.at(tmp_path / "another run"), other.publish_dir)

    with pytest.raises(RunError, match="Mount the volume of SCORER_PUBLISH_DIR there"):
        RunContext.load(run.run_id, other)


@pytest.mark.parametrize("other", [{"created_at": "2020-01-01T00:00:00+00:00"}, {"run_id": "run-2"}])
def test_no_step_takes_the_files_of_another_run(run: RunContext, other: dict[str, str]) -> None:
    """Given a folder of the same place, put back from another ledger's time: its verdict is not this run's."""
    run.files.run.write_json(run.files.run.read_json() | other)
    run.files.verdict.write_json({"verdict": "PUBLISH"})

    with pytest.raises(RunError, match="holds the files of another run that was called 'run-1'"):
        RunContext.load(run.run_id, run.settings)


def test_the_same_moment_in_another_zone_is_the_same_run(run: RunContext) -> None:
    there = run.record.created_at.astimezone(timezone(timedelta(hours=5))).isoformat()
    run.files.run.write_json(run.files.run.read_json() | {"created_at": there})

    assert RunContext.load(run.run_id, run.settings).run_id == run.run_id


def test_a_run_of_an_earlier_release_names_no_folder_of_the_published_config(run: RunContext, tmp_path: Path) -> None:
    run.files.store.remove("shared.json")
    other = run.settings.model_copy(update={"publish_dir": tmp_path / "other"})

    assert RunContext.load(run.run_id, other).run_id == run.run_id


def test_runs_that_are_prepared_at_once_agree_on_the_folder_s_mark(tmp_path: Path) -> None:
    runs = [RunFiles.at(tmp_path / str(number)) for number in range(16)]
    begin = threading.Barrier(len(runs))

    def leave(files: RunFiles) -> None:
        begin.wait()
        leave_mark(files, tmp_path / "published")

    threads = [threading.Thread(target=leave, args=(files,)) for files in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    marks = {files.shared.read_json()["published"] for files in runs}
    assert marks == {(tmp_path / "published" / MARK).read_text()}
    assert [path.name for path in (tmp_path / "published").iterdir()] == [MARK]


def test_a_folder_that_cannot_be_made_is_told_before_the_lanes_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match="Make the folder of SCORER_PUBLISH_DIR writable"):
        leave_mark(RunFiles.at(tmp_path / "run"), tmp_path / "file" / "published")
