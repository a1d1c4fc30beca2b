"""Each thing that happens to a run is told once to each who wants to hear of it, and no message harms a run."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import Context
from sqlalchemy.exc import OperationalError

from scorer_airflow.notifier import RunNotifier
from scorer_core.context import RunContext
from scorer_core.errors import RigLost, RigUnreachable
from scorer_core.fleet.deployed import note_unreachable
from scorer_core.ledger.verdicts import settle
from scorer_core.notify import Event
from tests.scorer_core.steps.installation import make_run
from tests.support.mail import SMTP, body, mailbox
from tests.support.prepared import make_settings
from tests.support.recorder import Recorder, recorder

HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} at scorer@10.0.0.7:22"
Make = Callable[..., RunContext]


@pytest.fixture(autouse=True)
def nobody_heard() -> Iterator[None]:
    Recorder.heard.clear()
    yield
    Recorder.broken = False


@pytest.fixture
def run_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a run of an installation whose SCORER_NOTIFY has these entries."""

    def make(*entries: dict[str, Any], **changes: Any) -> RunContext:
        settings = make_settings(tmp_path, notify=json.dumps(entries), **changes)
        for name, value in settings.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.net/sub")
        return make_run(settings)

    return make


def call(run_id: str, *events: Event, **context: Any) -> None:
    """Call back as Airflow does."""
    RunNotifier(*events)(cast(Context, {"run_id": run_id, **context}))


def decide(run: RunContext, verdict: str = "REJECT") -> None:
    settle(run.ledger.engine, run.run_id, verdict, {"reason": "Nothing is published: nothing is there."})


def lane(node: str, gpu: int, error: Exception) -> dict[str, Any]:
    """Return the context of a lane that failed."""
    slot = {"node": node, "gpu": gpu, "trial_timeout_s": 60.0}
    return {"task": SimpleNamespace(slot=slot), "exception": error}


def test_a_verdict_goes_out_by_mail_once_however_often_its_task_ends(
    run_told_to: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mailbox() as box:
        for name, value in box.connection.items():
            monkeypatch.setenv(name, value)
        run = run_told_to(SMTP)
        call(run.run_id, Event.VERDICT)
        assert box.mails == [], "there is none yet"

        decide(run)
        for _ in ("ended", "cleared", "and the report"):
            call(run.run_id, Event.VERDICT)

    (mail,) = box.mails
    assert (mail["From"], mail["To"]) == ("scorer@example.net", "operator@example.net")
    assert mail["Subject"] == "Scorer: REJECT: run-1"
    assert "<p>REJECT: Nothing is published: nothing is there.</p>" in body(mail)
    assert "https://airflow.example.net/sub/dags/scorer_meta_optimizer/runs/run-1/plugin/scorer-run" in body(mail)


def test_of_several_processes_at_once_one_tells(run_told_to: Make) -> None:
    run = run_told_to(recorder())
    decide(run)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: call(run.run_id, Event.VERDICT), range(8)))

    assert Recorder.heard == ["verdict REJECT: run-1"]


def test_what_could_not_be_sent_is_told_by_a_later_task_and_harms_no_run(
    run_told_to: Make, caplog: pytest.LogCaptureFixture
) -> None:
    run = run_told_to(recorder(), recorder(words="other: {{ scorer.subject }}"))
    decide(run)
    Recorder.broken = True

    call(run.run_id, Event.VERDICT)

    warned = [one for one in caplog.records if one.name == "scorer_airflow.notifying"]
    assert {one.levelno for one in warned} == {logging.WARNING}
    assert "could not tell 'REJECT: run-1' (ConnectionError: no answer from …)" in warned[0].getMessage()
    assert "hunter2" not in warned[0].getMessage()
    Recorder.broken = False
    call(run.run_id, Event.RIG_OUT, Event.VERDICT)
    assert Recorder.heard == ["verdict REJECT: run-1", "other: REJECT: run-1"]


def test_a_notifier_hears_of_its_events_alone(run_told_to: Make) -> None:
    run = run_told_to(recorder("failed"), recorder("approval", words="other: {{ scorer.subject }}"))
    decide(run, "PUBLISH")

    call(run.run_id, *Event)

    assert sorted(Recorder.heard) == ["failed the run failed: run-1", "other: an approval is waiting: run-1"]


def test_a_failed_run_is_told_once_and_one_that_is_red_by_its_verdict_as_that(run_told_to: Make) -> None:
    run = run_told_to(recorder("failed"))

    for _ in ("failed", "cleared and failed again"):
        call(run.run_id, Event.FAILED, reason="task_failure")
    assert Recorder.heard == ["failed the run failed: run-1"]

    decide(make_run(run.settings, "run-2"))
    call("run-2", Event.FAILED)
    assert len(Recorder.heard) == 1


def test_a_run_that_was_never_made_is_told_once_and_leaves_no_folder(run_told_to: Make) -> None:
    run = run_told_to(recorder())
    before = set(Path(run.settings.runs_dir).iterdir())

    for _ in ("refused", "cleared and refused again"):
        call("a/typo", *Event)
    call("another", *Event)

    assert Recorder.heard == ["failed the run failed: a/typo", "failed the run failed: another"]
    left = set(Path(run.settings.runs_dir).iterdir()) - before
    assert all(path.is_file() and path.name.startswith(".told-failed-") for path in left)
    assert len(left) == 2


def test_a_rig_is_told_once_by_its_first_lane_that_fails_and_where_it_failed(run_told_to: Make) -> None:
    words = "{{ scorer.subject }} | {{ scorer.text }} | {{ scorer.html }}"
    run = run_told_to(recorder("rig_out", words=words))
    note_unreachable(run.ledger.engine, RigUnreachable("rig-b", "nobody answers"))

    call(run.run_id, Event.RIG_OUT, **lane("rig-a", 1, RigLost("rig-a", HOSTILE)))
    call(run.run_id, Event.RIG_OUT, **lane("rig-a", 0, RigLost("rig-a", HOSTILE)))
    call(run.run_id, Event.RIG_OUT)

    told = dict(one.split(" | ", 1) for one in Recorder.heard)
    assert list(told) == ["rig-a · gpu 1 is out: run-1", "rig-b is out: run-1"]
    assert len(Recorder.heard) == 2
    text, _, html = told["rig-a · gpu 1 is out: run-1"].partition(" | ")
    assert text == "<script>alert(1)</script> {{ 7 * 7 }} at ……"
    assert html.startswith("<p>&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }} at ……</p>")


def test_where_it_cannot_be_written_down_it_is_told_all_the_same(
    run_told_to: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    run = run_told_to(recorder())
    monkeypatch.setattr("scorer_core.run.store.create_bytes", full)

    call(run.run_id, Event.FAILED)

    assert Recorder.heard == ["failed the run failed: run-1"]
    assert "(No space left on device): it may be told again" in caplog.text


def damaged(*_: object) -> None:
    raise KeyError("no such column")


def test_a_failed_run_is_told_also_where_its_ledger_cannot_be_read(
    run_told_to: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*_: object) -> None:
        raise OperationalError("select", {}, Exception("postgresql://u:hunter2@db"))

    run = run_told_to(recorder())
    monkeypatch.setattr("scorer_airflow.notifying.open_to_read", down)

    call(run.run_id, *Event)

    assert Recorder.heard == ["failed the run failed: run-1"]
    assert "the ledger cannot be read (OperationalError)" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("broken", ["the ledger is damaged", "nobody is to be told"])
def test_it_never_raises_and_is_off_by_default(
    run_told_to: Make, broken: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_told_to(recorder())
    if broken == "nobody is to be told":
        monkeypatch.delenv("SCORER_NOTIFY")
    else:
        monkeypatch.setattr("scorer_airflow.notifying.find_run", damaged)

    call(run.run_id, *Event)

    assert Recorder.heard == []
    assert ("nobody could be told of run run-1 (KeyError)" in caplog.text) is (broken == "the ledger is damaged")
