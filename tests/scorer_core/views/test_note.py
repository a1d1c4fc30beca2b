"""The note of a run: its verdict, and each node that was left out, without what a page may not show."""

from __future__ import annotations

import pytest

from scorer_core.errors import RigUnreachable, RunNotFound
from scorer_core.fleet.deployed import note_unreachable
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.trust import distrust
from scorer_core.ledger.verdicts import settle
from scorer_core.views.note import MOST, note_of
from tests.support.tickets import RUN, open_run, spec


def test_a_verdict_is_told_with_its_reason(ledger: Ledger) -> None:
    open_run(ledger, spec(3))
    assert note_of(ledger.engine, RUN).startswith("No verdict: the run ended before the gate could decide.")

    settle(ledger.engine, RUN, "REJECT", {"reason": "Nothing is published: nothing is there."})

    assert note_of(ledger.engine, RUN) == "REJECT: Nothing is published: nothing is there."


def test_nodes_that_were_left_out_are_named_with_why_and_without_where_they_are(ledger: Ledger) -> None:
    note_unreachable(ledger.engine, RigUnreachable("before", "down since yesterday"))
    open_run(ledger, spec(3))
    note_unreachable(ledger.engine, RigUnreachable("rig-b", "no answer from scorer@10.0.0.7:22, key /home/op/.ssh/id"))
    distrust(ledger.engine, RUN, "rig-c", "trial 0 was false")

    told = note_of(ledger.engine, RUN)

    assert "rig-c was left out: its answers are not believed: trial 0 was false" in told
    assert "rig-b was left out: " in told
    assert "no answer from" in told
    assert "before" not in told.partition("says why.")[2]
    for secret in ("10.0.0.7", "scorer@", "/home/op"):
        assert secret not in told


def test_a_note_is_as_long_as_airflow_keeps(ledger: Ledger) -> None:
    open_run(ledger, spec(3))
    settle(ledger.engine, RUN, "REJECT", {"reason": "why " * 1000})

    assert len(note_of(ledger.engine, RUN)) == MOST


def test_what_a_later_run_found_is_not_told_of_one_that_is_over(ledger: Ledger) -> None:
    open_run(ledger, spec(3))
    note_unreachable(ledger.engine, RigUnreachable("rig-b", "nobody answers"))
    ledger.end_run(RUN)
    note_unreachable(ledger.engine, RigUnreachable("rig-c", "nobody answers"))

    told = note_of(ledger.engine, RUN)

    assert "rig-b was left out" in told
    assert "rig-c" not in told


def test_a_long_reason_leaves_room_for_the_nodes_that_were_left_out(ledger: Ledger) -> None:
    open_run(ledger, spec(3))
    settle(ledger.engine, RUN, "REJECT", {"reason": "why " * 1000})
    for name in "abcdefgh":
        note_unreachable(ledger.engine, RigUnreachable(f"rig-{name}", "nobody answers " * 20))

    told = note_of(ledger.engine, RUN)

    assert len(told) == MOST
    assert "why why" in told
    assert all(f"rig-{name} was left out" in told for name in "abc")


def test_a_run_that_the_ledger_does_not_know_has_no_note(ledger: Ledger) -> None:
    with pytest.raises(RunNotFound):
        note_of(ledger.engine, "unknown")
