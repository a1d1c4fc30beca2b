"""The run's folder: every file has one name, and a folder that is no run is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import RunNotFound
from scorer_core.run.files import read_json, write_json
from scorer_core.run.folder import RunFiles, run_id_of

NAMES = [name for name, member in vars(RunFiles).items() if isinstance(member, property) and name != "location"]


def test_every_file_is_directly_in_the_folder_under_a_name_of_its_own(tmp_path: Path) -> None:
    paths = [Path(getattr(RunFiles.at(tmp_path), name).where) for name in NAMES]

    assert {path.parent for path in paths} == {tmp_path}
    assert len({path.name for path in paths}) == len(paths) >= 11


@pytest.mark.parametrize(
    "run_id", ["../../etc", "/absolute", "a/b", "..", "<script>", "manual__2026-03-01T03:00:00+00:00", "", "x" * 300]
)
def test_no_run_id_leads_out_of_the_folder_of_runs(tmp_path: Path, run_id: str) -> None:
    folder = Path(RunFiles.of(str(tmp_path), run_id).location)

    assert Path(os.path.normpath(folder)).parent == tmp_path
    assert len(folder.name) < 100


def test_run_ids_that_look_alike_have_folders_of_their_own(tmp_path: Path) -> None:
    alike = ["a/b", "a:b", "a-b", "a b", "a//b"]

    assert len({RunFiles.of(str(tmp_path), run_id).location for run_id in alike}) == len(alike)


def test_a_file_that_runs_share_is_beside_them(tmp_path: Path) -> None:
    RunFiles.of(str(tmp_path), "run-1").beside("shared").write_bytes(b"once")

    assert (tmp_path / "shared").read_bytes() == b"once"
    assert RunFiles.of(str(tmp_path), "run-2").beside("shared").read_bytes() == b"once"


def test_a_run_folder_tells_its_run_id(decided: RunContext) -> None:
    assert run_id_of(Path(decided.files.location)) == decided.run_id


@pytest.mark.parametrize("content", [None, b"", b"{cut", b"[]", b'"text"', b"{}", b"null", b"\xff\xff"])
def test_a_folder_that_holds_no_run_is_refused_with_the_next_step(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)

    with pytest.raises(RunNotFound, match="not a run folder .no readable run.json.*scorer runs"):
        run_id_of(tmp_path)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RunNotFound, match="not a run folder"):
        run_id_of(tmp_path / "file")


def test_a_document_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    document = {"name": "ü → \u2028", "numbers": [1, 2.5, -1e-300, None, True]}

    write_json(tmp_path / "file", document)

    assert read_json(tmp_path / "file") == document


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_know_is_never_written(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        write_json(tmp_path / "file", {"value": number})
    with pytest.raises(ValueError, match="Out of range float values"):
        RunFiles.at(tmp_path).trials.write_json_lines([{"value": number}])

    assert os.listdir(tmp_path) == []


def test_a_record_takes_one_line_whatever_its_text(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [{"error": "line 1\nline 2\r\u2028\u0085end"}, {"error": None}]
    trials = RunFiles.at(tmp_path).trials

    trials.write_json_lines(records)

    assert len(trials.read_bytes().decode().splitlines()) == 2
    assert trials.read_json_lines() == records
