"""The journal of one GPU: what was appended survives a crash, what was torn spoils nothing."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.rig import journal
from scorer_core.rig.protocol import TrialResult, encode, to_body
from tests.scorer_core.rig.workers import program


def result(number: int, **evaluation: Any) -> TrialResult:
    return TrialResult(number, {"params": {}}, evaluation, "rig-a", 3, "a" * 64, "b" * 64, "then", "later", 0.5)


texts = st.dictionaries(st.text(), st.text() | st.floats(allow_nan=False, allow_infinity=False), max_size=3)


@given(evaluations=st.lists(texts, max_size=4))
def test_what_is_appended_is_read_back_in_order(evaluations: list[dict[str, Any]]) -> None:
    wanted = [result(number, **{"x": evaluation}) for number, evaluation in enumerate(evaluations)]
    with tempfile.TemporaryDirectory() as folder:
        for one in wanted:
            journal.append(Path(folder) / "runs" / "r" / "gpu3.jsonl", one)

        assert journal.read_run(Path(folder) / "runs" / "r") == wanted


@given(data=st.data(), torn=st.integers(1, 10_000))
def test_a_torn_last_line_is_dropped_and_the_next_append_closes_it(data: st.DataObject, torn: int) -> None:
    whole = encode("result", to_body(result(1)))
    left = whole[: 1 + torn % (len(whole) - 2)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gpu3.jsonl"
        path.write_bytes(encode("result", to_body(result(0))) + left)
        assert journal.parse(path.read_bytes().splitlines()) == ([result(0)], 1)

        journal.append(path, result(2))

        assert journal.parse(path.read_bytes().splitlines()) == ([result(0), result(2)], 1)
        assert path.read_bytes().endswith(b"\n")


def test_a_last_line_that_only_lacks_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "gpu3.jsonl"
    path.write_bytes(encode("result", to_body(result(0)))[:-1])

    journal.append(path, result(1))

    assert journal.parse(path.read_bytes().splitlines()) == ([result(0), result(1)], 0)


@given(junk=st.lists(st.binary(max_size=40), max_size=5))
def test_lines_that_are_no_results_are_counted_and_spoil_nothing(junk: list[bytes]) -> None:
    results, torn = journal.parse([*junk, encode("result", to_body(result(7))), *junk])

    assert results == [result(7)]
    assert torn == 2 * sum(bool(line.strip()) for line in junk)


def test_other_messages_and_other_schemas_are_not_results() -> None:
    foreign = encode("result", to_body(result(1))).replace(b'"schema": 1', b'"schema": 2')

    assert journal.parse([encode("trial", to_body(result(0))), foreign]) == ([], 2)


def test_all_journals_of_a_run_are_read_and_nothing_else(tmp_path: Path) -> None:
    for gpu in (0, 10, 2):
        journal.append(tmp_path / f"gpu{gpu}.jsonl", result(gpu))
    (tmp_path / "notes.txt").write_text("not a journal")

    assert sorted(one.trial_number for one in journal.read_run(tmp_path)) == [0, 2, 10]
    assert journal.read_run(tmp_path / "no such run") == []


def test_a_result_is_on_disk_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r" / "gpu3.jsonl"
    synced: list[tuple[str, int]] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append((os.readlink(f"/proc/self/fd/{descriptor}"), path.stat().st_size))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    journal.append(path, result(0))
    one = len(encode("result", to_body(result(0))))
    assert synced == [(str(path), one), (str(path.parent), one)], "the file, then its new name"

    journal.append(path, result(1))
    assert synced[2:] == [(str(path), 2 * one)]


def test_a_journal_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal.append(tmp_path / "r" / "gpu3.jsonl", result(0))
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "r" / "gpu3.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o700


WRITER = """
import sys
from pathlib import Path
from scorer_core.rig import journal
from scorer_core.rig.protocol import TrialResult

for number in range(100_000):
    text = "x" * 20_000
    answer = TrialResult(number, {}, {"x": text}, "rig-a", 3, "a" * 64, "b" * 64, "then", "later", 0.5)
    journal.append(Path(sys.argv[1]), answer)
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "gpu3.jsonl"
    with program(WRITER, str(path)) as writer:
        while int(writer.read()) < 20:
            pass
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        acknowledged = 20
        while line := writer.read():
            acknowledged = int(line)

    results, torn = journal.parse(path.read_bytes().splitlines())
    assert [one.trial_number for one in results[: acknowledged + 1]] == list(range(acknowledged + 1))
    assert len(results) <= acknowledged + 2
    assert torn <= 1
