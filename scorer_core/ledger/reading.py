"""The ledger for one who only looks: no file, no folder and no table is made, and a write is refused.

What one transaction reads is of one moment, while others write.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, make_url
from sqlalchemy.exc import DBAPIError

from scorer_core.errors import SchemaError
from scorer_core.ledger.database import engines
from scorer_core.ledger.schema import HEAD, PREFIX, VERSION

_ANSWER_S = 5
"""Seconds that a server may take to answer at all."""


def open_to_read(url: str) -> Engine | None:
    """Open the ledger of an URL for reading; None where there is none yet.

    Raises:
        SchemaError: its tables are of another release.
        SQLAlchemyError: the database does not answer.
    """
    parsed = make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and not Path(parsed.database or "").is_file():
        return None
    engine = _sqlite(parsed) if sqlite else _server(parsed)
    return engine if _is_ours(engine) else None


def _sqlite(url: URL) -> Engine:
    """Connect anew for each transaction: a file that a backup replaces is then read as it is now."""
    place = f"sqlite:///file:{quote(str(Path(url.database or '').absolute()))}?mode=ro&uri=true"
    engine = create_engine(place, poolclass=NullPool)
    event.listen(engine, "begin", _begin)  # the driver begins nothing before it writes
    return engine


@lru_cache(maxsize=4)
def _server(url: URL) -> Engine:
    """Keep a few connections for all who look."""
    engine = create_engine(
        url,
        pool_size=2,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _ANSWER_S},
        execution_options={"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"},
    )
    engines.add(engine)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _is_ours(engine: Engine) -> bool:
    """Say whether the tables are there; raises SchemaError where they are of another release."""
    try:
        with engine.connect() as connection:
            version = connection.scalar(VERSION)
    except DBAPIError:  # no such table; what is really wrong fails again here
        tables = [name for name in inspect(engine).get_table_names() if name.startswith(PREFIX)]
        if not tables:
            return False
        version = "of release 0.1.0"
    if version == HEAD:
        return True
    raise SchemaError(
        f"The ledger's tables are of version {version}; this program reads {HEAD}. `scorer db status` says whether "
        "`scorer db upgrade` is needed, or a newer program."
    )
