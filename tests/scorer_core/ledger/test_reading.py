"""The ledger for one who only looks: nothing is made, nothing is written, whatever the database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from scorer_core.errors import SchemaError
from scorer_core.ledger.lanes import (
    best_ticket,
    counts_of,
    lane_states,
    objectives_in_bins,
    recently_spent,
    seconds_spent,
)
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.listing import Order, Wanted, count_runs, list_runs
from scorer_core.ledger.reading import open_to_read
from scorer_core.run.trials import TicketState
from tests.support.tickets import RUN, A, B, claimed, open_run, recorded, result, spec


def test_where_there_is_no_ledger_none_is_made(tmp_path: Path) -> None:
    assert open_to_read(f"sqlite:///{tmp_path / 'none' / 'scorer.db'}") is None
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_our_tables_has_no_ledger(empty_url: str, tmp_path: Path) -> None:
    if empty_url.startswith("sqlite"):
        (tmp_path / "ledger").mkdir()
        (tmp_path / "ledger" / "scorer.db").touch()

    assert open_to_read(empty_url) is None


def test_what_is_read_cannot_be_written(ledger: Ledger, url: str) -> None:
    open_run(ledger, spec(3))
    engine = open_to_read(url)
    assert engine is not None

    with pytest.raises(DBAPIError, match="read-?only"), engine.begin() as connection:
        connection.execute(text("DELETE FROM scorer_tickets"))

    with engine.connect() as connection:
        assert counts_of(connection, [RUN])[RUN][TicketState.OPEN] == 3


def test_tables_of_another_version_are_refused_in_words(ledger: Ledger, url: str) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(text("UPDATE scorer_schema SET version_num = '0999'"))

    with pytest.raises(SchemaError, match="of version 0999"):
        open_to_read(url)


def test_tables_of_release_0_1_0_are_named(ledger: Ledger, url: str) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(text("DROP TABLE scorer_schema"))

    with pytest.raises(SchemaError, match=r"of release 0\.1\.0"):
        open_to_read(url)


def test_how_a_run_goes_is_read_alike_from_each_kind_of_database(ledger: Ledger, url: str) -> None:
    open_run(ledger, spec(6))
    for slot, objective in ((A, 0.1), (B, -1.0), (A, 0.4)):
        ticket = claimed(ledger, slot)
        recorded(ledger, result(ticket.number, objective=objective, node=slot.node))
    claimed(ledger, B)
    engine = open_to_read(url)
    assert engine is not None

    with engine.connect() as connection:
        lanes, spent = lane_states(connection, RUN), recently_spent(connection, RUN)
        seconds, bins = seconds_spent(connection, RUN), objectives_in_bins(connection, RUN, 2)
        best = best_ticket(connection, RUN, bins[1], 2)

    assert [(lane.lane, lane.node, lane.done, lane.holds) for lane in lanes] == [
        ("rig-a · gpu 0", "rig-a", 2, None),
        ("rig-b · gpu 0", "rig-b", 1, 3),
    ]
    assert lanes[1].lease_until is not None
    assert lanes[1].lease_until.tzinfo is not None
    assert {(one.seconds, one.finished_at[:10]) for one in spent} == {(2.0, "2024-05-06")}
    assert seconds == 6.0
    assert best is not None
    assert (best.number, best.objective) == (2, 0.4)
    assert [(one.place, one.done, one.best) for one in bins] == [(0, 2, 0.1), (1, 1, 0.4)]


def test_what_is_told_of_a_run_is_of_one_moment(ledger: Ledger, url: str) -> None:
    open_run(ledger, spec(3))
    engine = open_to_read(url)
    assert engine is not None

    with engine.connect() as connection:
        before = counts_of(connection, [RUN])[RUN]
        claimed(ledger, A)
        assert counts_of(connection, [RUN])[RUN] == before
        assert lane_states(connection, RUN) == []
    with engine.connect() as connection:
        assert counts_of(connection, [RUN])[RUN] != before


@pytest.mark.parametrize("order", list(Order))
def test_runs_are_listed_in_each_order_from_each_kind_of_database(ledger: Ledger, url: str, order: Order) -> None:
    for name in ("one", "two", "thr%e"):
        open_run(ledger, spec(2), name)
    engine = open_to_read(url)
    assert engine is not None

    found = list_runs(engine, Wanted(order=order), 0, 2)

    assert (len(found), count_runs(engine, Wanted(text="%E"))) == (2, 1)
    assert len({run.run_id for run in [*found, *list_runs(engine, Wanted(order=order), 2, 2)]}) == 3
