"""`fleet` shows how every GPU is, `drain` and `undrain` take one out of work and back, `stop` ends a run's lanes."""

from __future__ import annotations

import getpass
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url, text

from scorer_core.ledger.checks import note
from scorer_core.ledger.drains import active_drains, drain
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.health.check import Finding, State
from scorer_core.run.clock import utc_now
from scorer_core.run.slot import Slot
from tests.scorer_core.cli.installation import Installation
from tests.scorer_core.cli.test_cluster import cells
from tests.support.own_database import ON_POSTGRESQL, database_of
from tests.support.prepared import make_node
from tests.support.tickets import RUN, claimed, open_run, recorded, result, spec

Scorer = Callable[..., tuple[int, str, str]]
_READER = "DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
HEAD, RIG = Slot("head", 0), Slot("rig-a", 1)


@pytest.fixture
def scorer(installation: Installation) -> Scorer:
    """The command line on an installation of two nodes with two GPUs each: exit code, output, errors."""
    installation.home.mkdir()
    nodes = [make_node(installation.home, name) for name in ("head", "rig-a")]
    (installation.home / "cluster.yaml").write_text(yaml.safe_dump({"nodes": nodes}))

    def scorer(*words: str, **settings: str) -> tuple[int, str, str]:
        done = installation.scorer(*words, stdin=None, transport="local", **settings)
        return done.exit_code, done.stdout, done.stderr

    return scorer


@pytest.fixture
def ledger(installation: Installation, scorer: Scorer) -> Ledger:
    """The installation's ledger."""
    ledger = Ledger(database_of(installation.home))
    ledger.create_tables()
    return ledger


def a_fleet(ledger: Ledger) -> None:
    """A run in which rig-a is slow and at work; its GPU 0 is hot, and drained by a person, too; its clock is off."""
    open_run(ledger, spec(40))
    for number in range(20):
        lane, seconds = (HEAD, 1.0) if number % 2 else (RIG, 3.0)
        answer = result(claimed(ledger, lane).number, node=lane.node, gpu=lane.gpu)
        recorded(ledger, replace(answer, seconds=seconds))
    claimed(ledger, RIG)
    hot = Finding("temperature", 0, State.FAILED, "95 °C, 90 °C is too hot", {"temperature_c": 95.0})
    well = Finding("driver", 1, State.OK, values={"busy_percent": 42.0})
    clock = Finding("clock", None, State.FAILED, "its clock is 600 s ahead of the head's")
    note(ledger.engine, "rig-a", [hot, well, clock])
    drain(ledger.engine, "rig-a", 0, "loud fan", "ann@head")


def test_fleet_shows_each_gpu_and_below_who_drained_what_and_which_checks_fail(scorer: Scorer, ledger: Ledger) -> None:
    a_fleet(ledger)

    code, said, errors = scorer("fleet")

    assert (code, errors) == (0, "")
    rows = {row[0]: row[1:] for row in cells(said)}
    assert list(rows) == ["head:0", "head:1", "rig-a:0", "rig-a:1"]
    assert rows["head:1"] == ["yes", "-", "never", "-", "-", "-", "0.3×", "-"]
    assert rows["rig-a:0"][0] == "DRAINED"
    assert rows["rig-a:0"][3:] == ["95", "-", "-", "3.0× SLOW", "temperature (failed)"]
    assert rows["rig-a:1"][:2] == ["yes", f"{RUN} #20"]
    assert rows["rig-a:1"][2].endswith(" s ago")
    assert rows["rig-a:1"][5] == "3.00"
    lines = [line.partition(" since ") for line in said.splitlines() if " is drained by " in line]
    assert [(who, why.partition(": ")[2]) for who, _, why in lines] == [
        ("rig-a:0 is drained by check temperature", "95 °C, 90 °C is too hot"),
        ("rig-a:0 is drained by ann@head", "loud fan"),
    ]
    assert "rig-a: check clock failed: its clock is 600 s ahead of the head's" in said


def test_fleet_as_json_has_hints_ages_and_speeds(scorer: Scorer, ledger: Ledger) -> None:
    a_fleet(ledger)

    code, said, _ = scorer("fleet", "--json")

    state = json.loads(said)
    head, rig = state["nodes"]
    assert (code, state["run_id"], head["ready"], rig["ready"]) == (0, RUN, 2, 1)
    assert (head["speed"]["slow"], rig["speed"]["slow"], rig["speed"]["trials"]) == (False, True, 10)
    assert [one["check"] for one in rig["failing"]] == ["clock"]
    assert rig["failing"][0]["hint"].startswith("Set the rig's clock by NTP")
    assert (rig["failing"][0]["problem_of"], rig["drains"]) == ("operator", [])
    assert 0 <= rig["checked_s_ago"] < 60
    hot, at_work = rig["gpus"]
    assert (hot["ready"], hot["temperature_c"], hot["works_on"], hot["seen_s_ago"]) == (False, 95.0, None, None)
    assert [(one["who"], one["check"]) for one in hot["drains"]] == [
        ("check temperature", "temperature"),
        ("ann@head", None),
    ]
    assert (at_work["ready"], at_work["works_on"], at_work["busy_percent"]) == (True, f"{RUN} #20", 42.0)
    assert at_work["median_s"] == 3.0
    assert at_work["trials_an_hour"] > 0


@pytest.mark.usefixtures("no_tables")
def test_fleet_without_a_ledger_says_so_and_makes_none(scorer: Scorer, installation: Installation) -> None:
    code, said, errors = scorer("fleet")

    assert (code != 0, said) == (True, "")
    assert "there is no ledger yet" in errors
    assert not (installation.home / "scorer.db").exists()


def test_a_lane_that_was_seen_long_ago_is_shown_with_its_moment(
    scorer: Scorer, ledger: Ledger, installation: Installation
) -> None:
    earlier = Ledger(database_of(installation.home), lambda: utc_now() - timedelta(hours=3))
    open_run(earlier, spec(3))
    claimed(earlier, RIG)

    rows = {row[0]: row for row in cells(scorer("fleet")[1])}

    assert rows["rig-a:1"][3].endswith("Z")


def test_a_role_that_may_only_read_is_enough_for_fleet_and_not_for_drain(scorer: Scorer, ledger: Ledger) -> None:
    a_fleet(ledger)
    reader = a_reader_of(ledger)

    for words in (("fleet",), ("fleet", "--json")):
        assert scorer(*words, database_url=reader)[0] == 0
    assert not ON_POSTGRESQL or scorer("drain", "head", "--reason", "fan", database_url=reader)[0] != 0
    assert [one.place for one in active_drains(ledger.engine)] == ["rig-a:0", "rig-a:0"]


def a_reader_of(ledger: Ledger) -> str:
    """Return the URL by which the ledger can only be read: a role of PostgreSQL's, or a file without write rights."""
    url = ledger.engine.url
    if not ON_POSTGRESQL:
        ledger.engine.dispose()
        Path(str(url.database)).chmod(stat.S_IRUSR)
        return url.render_as_string(hide_password=False)
    with ledger.engine.begin() as connection:
        connection.execute(text(_READER))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"))
    return make_url(url).set(username="reader").render_as_string(hide_password=False)


def test_a_gpu_and_a_node_are_drained_with_who_and_why_and_given_back_one_by_one(
    scorer: Scorer, ledger: Ledger
) -> None:
    code, said, _ = scorer("drain", "rig-a:1", "--reason", " loud fan ")
    assert code == 0
    assert f"rig-a:1 is drained by {getpass.getuser()}@" in said
    assert said.rstrip().endswith(": loud fan")
    assert scorer("drain", "rig-a", "--reason", "to be moved")[0] == 0
    assert [(one.place, one.reason) for one in active_drains(ledger.engine)] == [
        ("rig-a:1", "loud fan"),
        ("rig-a", "to be moved"),
    ]

    code, said, _ = scorer("undrain", "rig-a:1")

    lines = said.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines] == ["lifted", "still"]
    assert "rig-a:1 is drained" in lines[0]
    assert "rig-a is drained" in lines[1]
    assert "still" not in scorer("undrain", "rig-a")[1]
    assert active_drains(ledger.engine) == []


@pytest.mark.parametrize(
    ("place", "reason", "complaint"),
    [
        ("rig-z", "fan", "rig-z"),
        ("rig-a:2", "fan", "rig-a has the GPUs 0 to 1"),
        ("rig-a:one", "fan", "rig-a has the GPUs 0 to 1"),
        ("rig-a:", "fan", "rig-a has the GPUs 0 to 1"),
        ("rig-a:1", "  ", "--reason is empty"),
    ],
)
def test_what_is_not_there_or_has_no_reason_is_not_drained(
    scorer: Scorer, ledger: Ledger, place: str, reason: str, complaint: str
) -> None:
    code, _, errors = scorer("drain", place, "--reason", reason)

    assert code != 0
    assert complaint in errors
    assert active_drains(ledger.engine) == []


def test_stop_says_since_when_and_twice_the_same(scorer: Scorer, ledger: Ledger) -> None:
    open_run(ledger, spec(3))

    code, said, _ = scorer("stop", RUN)

    stopped = ledger.run(RUN)
    assert (code, stopped.stopped_at is not None) == (0, True)
    assert str(stopped.stopped_by).startswith(f"{getpass.getuser()}@")
    assert f"{stopped.stopped_at:%Y-%m-%d %H:%M:%S}Z" in said
    assert scorer("stop", RUN)[:2] == (0, said)


def test_a_run_that_is_not_there_or_has_ended_cannot_be_stopped(scorer: Scorer, ledger: Ledger) -> None:
    open_run(ledger, spec(3))
    ledger.end_run(RUN)

    assert "the ledger knows no run 'other'" in scorer("stop", "other")[2]
    assert "has ended" in scorer("stop", RUN)[2]
