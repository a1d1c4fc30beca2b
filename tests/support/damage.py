"""A run's row of the ledger, damaged for a while."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text


@contextmanager
def damaged_row(engine: Engine, run_id: str, damage: str) -> Iterator[None]:
    """Set what `damage` says, in SQL, in a run's row; afterwards it is as it was."""
    this = {"name": run_id}
    with engine.begin() as connection:
        found = text("SELECT spec, created_at FROM scorer_runs WHERE run_id = :name")
        kept = connection.execute(found, this).one()
        connection.execute(text(f"UPDATE scorer_runs SET {damage} WHERE run_id = :name"), this)  # noqa: S608
    try:
        yield
    finally:
        spec = kept.spec if isinstance(kept.spec, str) else json.dumps(kept.spec)  # as the database's driver gives it
        back = text("UPDATE scorer_runs SET spec = :spec, created_at = :at WHERE run_id = :name")
        with engine.begin() as connection:
            connection.execute(back, {"spec": spec, "at": kept.created_at, **this})
