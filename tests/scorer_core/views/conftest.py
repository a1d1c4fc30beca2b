"""A ledger with a run in it, and what the views read from."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer_core.ledger.ledger import Ledger
from scorer_core.settings import Settings
from scorer_core.views.installation import Installation
from tests.support.drawn import drawn_once
from tests.support.prepared import make_settings

__all__ = ["drawn_once"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an installation with two nodes, head and rig-a."""
    return make_settings(tmp_path / "home")


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    """Its ledger, to be written."""
    ledger = Ledger(settings.database_url)
    ledger.create_tables()
    return ledger


@pytest.fixture
def installation(settings: Settings, ledger: Ledger) -> Installation:
    """What a page reads from."""
    return Installation.of(settings)
