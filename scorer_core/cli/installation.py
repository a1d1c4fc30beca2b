"""The installation that a command works on: its settings and its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scorer_core.errors import SettingsError

if TYPE_CHECKING:
    from scorer_core.ledger.ledger import Ledger
    from scorer_core.settings import Settings


def open_installation() -> tuple[Settings, Ledger]:
    """Return settings and ledger; the ledger's tables are made when they are missing.

    Raises:
        SettingsError: a setting is wrong, or the database cannot be opened.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from scorer_core.context import open_ledger
    from scorer_core.settings import load_settings

    settings = load_settings()
    try:
        return settings, open_ledger(settings)
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or type(error).__name__  # never the URL: it may hold a password
        raise SettingsError(
            f"the ledger's database cannot be opened ({cause}). Check SCORER_DATABASE_URL and SCORER_HOME."
        ) from None
