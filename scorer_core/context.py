"""What every step of a run needs: settings, the run's record and folder, the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from scorer_core.cluster import Inventory, load_inventory
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.records import RunRecord
from scorer_core.publish.publisher import Publisher
from scorer_core.run.folder import RunFiles
from scorer_core.settings import Settings, load_settings
from scorer_core.spec import RunSpec
from scorer_core.transport.port import RigTransport, connector


@dataclass(frozen=True)
class RunContext:
    """One run, as a step sees it."""

    settings: Settings
    ledger: Ledger
    record: RunRecord

    @classmethod
    def load(cls, run_id: str, settings: Settings | None = None) -> RunContext:
        """Return the context of a run that is prepared.

        Raises:
            RunNotFound: the ledger does not know the run.
        """
        settings = settings or load_settings()
        ledger = open_ledger(settings)
        return cls(settings, ledger, ledger.run(run_id))

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.record.run_id

    @property
    def spec(self) -> RunSpec:
        """What the run was told to do."""
        return self.record.spec

    @property
    def files(self) -> RunFiles:
        """The run's files."""
        return RunFiles.at(self.record.folder)

    @property
    def publisher(self) -> Publisher:
        """The owner of the published config."""
        return Publisher(self.settings.publish_dir)

    def inventory(self) -> Inventory:
        """Return the cluster's nodes."""
        return load_inventory(self.settings.cluster_file)

    def connect(self, node: str) -> RigTransport:
        """Return a connection to a node, opened on first use."""
        return connector(self.settings.transport)(self.inventory().node(node))


def open_ledger(settings: Settings) -> Ledger:
    """Open the ledger and make its tables when they are missing."""
    ledger = Ledger(settings.database_url)
    ledger.create_tables()
    return ledger
