"""An installation as the views read it: ledger, folders of runs, published config; each may be missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from sqlalchemy import Engine

from scorer_core.errors import RunNotFound
from scorer_core.ledger.reading import open_to_read
from scorer_core.publish.publisher import Publisher
from scorer_core.report.gathered import UNFIT
from scorer_core.run.folder import RunFiles
from scorer_core.run.shared import is_of
from scorer_core.run.store import is_url
from scorer_core.settings import Settings

RETIRED = "Its folder is no longer kept. What the ledger knows of it is shown."
ANOTHERS = "The folder of that name holds another run. What the ledger knows of this one is shown."


@dataclass(frozen=True)
class Installation:
    """An installation, for one who only looks; `engine` is None while it has no ledger."""

    settings: Settings
    engine: Engine | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Open the ledger of the settings.

        Raises:
            SchemaError: its tables are of another release.
            SQLAlchemyError: the database does not answer.
        """
        return cls(settings, open_to_read(settings.database_url))

    @property
    def ledger(self) -> Engine:
        """Return the ledger; raises RunNotFound while there is none."""
        if self.engine is None:
            raise RunNotFound("There is no ledger yet: the first run makes it.")
        return self.engine

    @property
    def publisher(self) -> Publisher:
        """Return the folder of the published config, to be read."""
        return Publisher(self.settings.publish_dir)

    def files(self, run_id: str, created_at: datetime) -> tuple[RunFiles | None, str]:
        """Return the files of a run of the ledger, or None and why they are not shown.

        They are looked for among the runs alone, wherever the ledger says that they are: neither a run's id nor a
        link leads out of there.
        """
        files = RunFiles.of(self.settings.runs_dir, run_id)
        try:
            if not _is_below(files.location, self.settings.runs_dir) or not files.run.exists():
                return None, RETIRED
            return (files, "") if is_of(files, run_id, created_at) else (None, ANOTHERS)
        except UNFIT:
            return None, RETIRED

    def without_places(self, content: bytes) -> bytes:
        """Return what a run wrote with … for the folders of this installation."""
        settings = self.settings
        places = (settings.home, settings.runs_dir, settings.publish_dir, settings.data_dir, settings.cluster_file)
        for place in sorted(map(str, places), key=len, reverse=True):
            content = content.replace(place.encode(), "…".encode())
        return content


def _is_below(location: str, runs: str) -> bool:
    """Say whether a local folder is really there and no link; a store behind an URL knows no links."""
    return is_url(location) or Path(location).resolve().is_relative_to(Path(runs).resolve())
