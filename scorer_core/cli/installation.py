"""The installation that a command works on: its settings and its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scorer_core.errors import RunNotFound, SettingsError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from scorer_core.ledger.ledger import Ledger
    from scorer_core.settings import Settings


def open_installation() -> tuple[Settings, Ledger]:
    """Return settings and ledger; an empty database gets the ledger's tables.

    Raises:
        SettingsError: a setting is wrong, or the database cannot be opened.
        SchemaError: the tables are of another release.
    """
    from scorer_core.context import open_ledger
    from scorer_core.settings import load_settings

    settings = load_settings()
    with database_errors():
        return settings, open_ledger(settings)


def open_to_look() -> tuple[Settings, Engine]:
    """Return settings and a connection to the ledger that only reads: a role that may do no more is enough.

    Raises:
        SettingsError: a setting is wrong, or the database cannot be opened.
        SchemaError: the tables are of another release.
        RunNotFound: there is no ledger yet.
    """
    from scorer_core.ledger.reading import open_to_read
    from scorer_core.settings import load_settings

    settings = load_settings()
    with database_errors():
        engine = open_to_read(settings.database_url)
    if engine is None:
        raise RunNotFound("there is no ledger yet; the first run makes it, or `scorer cluster check`.")
    return settings, engine


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what the database says into an error without its URL, which may hold a password.

    Raises:
        SettingsError: the database cannot be opened.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"the ledger's database needs the driver {error.name!r}, which is not installed. "
            "Install it, or name another in SCORER_DATABASE_URL."
        ) from None
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or type(error).__name__
        raise SettingsError(
            f"the ledger's database cannot be opened ({cause}). Check SCORER_DATABASE_URL and SCORER_HOME."
        ) from None
