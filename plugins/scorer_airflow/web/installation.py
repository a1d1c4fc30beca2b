"""The installation that the page shows, opened anew for each request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from scorer_core.settings import load_settings
from scorer_core.views.installation import Installation


def _opened() -> Installation:
    return Installation.of(load_settings())


Installed = Annotated[Installation, Depends(_opened)]
