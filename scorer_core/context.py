"""What every step of a run needs: settings, the run's record and folder, the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from scorer_core.cluster import Inventory
from scorer_core.inventory import load_inventory
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.records import RunRecord
from scorer_core.publish.publisher import Publisher
from scorer_core.run.folder import RunFiles
from scorer_core.run.shared import see_same
from scorer_core.settings import Settings, load_settings
from scorer_core.spec import RunSpec
from scorer_core.transport.port import RigTransport
from scorer_core.transport.registry import find


@dataclass(frozen=True)
class RunContext:
    """One run, as a step sees it."""

    settings: Settings
    ledger: Ledger
    record: RunRecord

    @classmethod
    def load(cls, run_id: str, settings: Settings | None = None) -> RunContext:
        """Return the context of a run that is prepared, and that this machine sees.

        Raises:
            RunNotFound: the ledger does not know the run.
            RunError: its files, or the folder of the published config, are not those that `prepare_run` saw.
        """
        settings = settings or load_settings()
        ledger = open_ledger(settings)
        context = cls(settings, ledger, ledger.run(run_id))
        see_same(run_id, context.record.created_at, context.files, settings.publish_dir)
        return context

    @property
    def run_id(self) -> str:
        """Return the id that Airflow or the command line gave the run."""
        return self.record.run_id

    @property
    def spec(self) -> RunSpec:
        """Return the frozen parameters, as the ledger stored them when the run was prepared."""
        return self.record.spec

    @property
    def files(self) -> RunFiles:
        """Return the files, where the ledger says that they are."""
        return RunFiles.at(self.record.folder)

    @property
    def publisher(self) -> Publisher:
        """Return the only writer of SCORER_PUBLISH_DIR."""
        return Publisher(self.settings.publish_dir)

    def inventory(self) -> Inventory:
        """Read SCORER_CLUSTER_FILE anew, for the transport in use."""
        return load_inventory(self.settings.cluster_file, self.settings.transport)

    def connect(self, node: str) -> RigTransport:
        """Return a connection to a node, opened on first use."""
        return find(self.settings.transport).connect(self.inventory().node(node))


def open_ledger(settings: Settings) -> Ledger:
    """Open the ledger; an empty database gets its tables.

    Raises:
        SchemaError: the tables are of another release; `scorer db upgrade` brings earlier ones up to date.
    """
    ledger = Ledger(settings.database_url)
    ledger.create_tables()
    return ledger
