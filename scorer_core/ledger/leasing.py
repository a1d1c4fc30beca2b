"""Leases: how a lane gets the next of what a run has to give, in one statement; and what then becomes of it.

Tickets, second opinions and batches of permutations are leased alike: a lane gets its own again, else one whose lease
has expired, else the first that is free. Opinions and batches are given back and settled alike, too. Statements are
made once, since on SQLite lanes wait for each other's transactions; each says which parameters it takes.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, ScalarSelect, Select, Update, and_, bindparam, func, update

from scorer_core.ledger.tables import OpinionRow, PermutationRow, TicketRow

Beside = type[OpinionRow] | type[PermutationRow]
MAX_ATTEMPTS = 6
"""So often rigs are asked for one opinion, or one batch; then they are asked no more."""


def lease(
    row: type[TicketRow] | Beside, wanted: Select[int], steps: tuple[ColumnElement[bool], ...] | None = None
) -> Update:
    """Return what leases the lowest of the `wanted` numbers of a run, by the first of the steps that finds one.

    It takes `in_run`, `by_lane`, `until`, and what `wanted` and `steps` take; by default these are OURS, `at` for what
    has expired, and what no lane has. Rows are locked where the database locks rows.
    """

    def first(step: ColumnElement[bool]) -> ScalarSelect[int]:
        lowest = wanted.where(step).order_by(row.number).limit(1)
        return lowest.with_for_update(skip_locked=True, of=row).scalar_subquery()

    found = steps or (row.lane == bindparam("by_lane"), row.lease_until < bindparam("at"), row.lane.is_(None))
    return (
        update(row)
        .where(
            row.run_id == bindparam("in_run"),
            row.number == func.coalesce(*map(first, found)),  # the first that there is: others are not even looked for
        )
        .values(lane=bindparam("by_lane"), lease_until=bindparam("until"), attempts=row.attempts + 1)
    )


def settle(row: Beside) -> Update:
    """Return what notes the `answer` to `this` one `in_run`, unless it has one."""
    this = and_(row.run_id == bindparam("in_run"), row.number == bindparam("this"), row.result.is_(None))
    return update(row).where(this).values(result=bindparam("answer"), lane=None, lease_until=None)


def leave(row: Beside) -> Update:
    """Return what lets others have what a lane, `by_lane`, holds `in_run`."""
    held = and_(row.run_id == bindparam("in_run"), row.lane == bindparam("by_lane"), row.result.is_(None))
    return update(row).where(held).values(lane=None, lease_until=None)


def give_back(row: Beside) -> Update:
    """Return what lets others have `this` one, which `by_lane` leased in that `attempt`."""
    return leave(row).where(row.number == bindparam("this"), row.attempts == bindparam("attempt"))
