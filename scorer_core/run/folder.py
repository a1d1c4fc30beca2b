"""The run's folder: one object names every file in it, wherever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from scorer_core.errors import InputError, RunError, RunNotFound
from scorer_core.pool.survivors import Pool, pool_from_bytes
from scorer_core.rig.paths import safe_name
from scorer_core.run.files import from_json_bytes, from_json_lines, json_bytes, json_lines
from scorer_core.run.store import RunStore, above, below, open_store

T = TypeVar("T")
UNREADABLE = (
    *(FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError),
    InputError,
)
"""What reading and parsing a file raises that is gone or damaged."""
_MAX_TOLD = 200


@dataclass(frozen=True)
class RunFile:
    """One file of a run; reading what is not there raises FileNotFoundError."""

    store: RunStore
    name: str

    @property
    def where(self) -> str:
        """Where the file is, for people."""
        return self.store.where(self.name)

    def exists(self) -> bool:
        """Say whether the file is there."""
        return self.store.exists(self.name)

    def read_bytes(self) -> bytes:
        """Return the whole content; a run's largest file is its pool."""
        return self.store.read(self.name)

    def write_bytes(self, content: bytes) -> None:
        """Write the content whole or not at all."""
        self.store.write(self.name, content)

    def read_json(self) -> Any:
        """Return the JSON document; raises ValueError when it is none."""
        return from_json_bytes(self.read_bytes())

    def parsed(self, parse: Callable[[Any], T]) -> T:
        """Return what a parser makes of the JSON document.

        Raises:
            RunError: the file is gone, or holds something else.
        """
        try:
            return parse(self.read_json())
        except UNREADABLE as error:
            raise self.unreadable(error) from None

    def unreadable(self, error: Exception) -> RunError:
        """Return the error for a file that does not hold what the run wrote there."""
        said = f"{type(error).__name__}: {error}"[:_MAX_TOLD]
        return RunError(f"{self.where}: cannot be read ({said}). Put back what the run wrote there, or search again.")

    def write_json(self, document: Any) -> None:
        """Write a JSON document whole or not at all."""
        self.write_bytes(json_bytes(document))

    def read_json_lines(self) -> list[dict[str, Any]]:
        """Return the JSON object of each line."""
        return from_json_lines(self.read_bytes())

    def write_json_lines(self, records: list[dict[str, Any]]) -> None:
        """Write one JSON object a line, the file whole or not at all."""
        self.write_bytes(json_lines(records))

    def read_pool(self) -> Pool:
        """Return the pool; raises PoolError when it is none."""
        return pool_from_bytes(self.read_bytes(), where=self.name)


@dataclass(frozen=True)
class RunFiles:
    """Names the files of one run."""

    store: RunStore

    @classmethod
    def at(cls, location: str | Path) -> RunFiles:
        """Return the files of the run at a location; raises SettingsError when its scheme is not known."""
        return cls(open_store(str(location)))

    @classmethod
    def of(cls, runs: str, run_id: str) -> RunFiles:
        """Return the files of a run, given the location of all runs."""
        return cls.at(below(runs, safe_name(run_id)))

    @property
    def location(self) -> str:
        """The run's own folder, or its URL."""
        return self.store.location

    def beside(self, name: str) -> RunFile:
        """Return a file that the runs beside this one share with it."""
        return RunFile(open_store(above(self.location)), name)

    @property
    def run(self) -> RunFile:
        """Run id, spec, checksums and the size of the pool."""
        return RunFile(self.store, "run.json")

    @property
    def shared(self) -> RunFile:
        """Which folder of the published config the run belongs to; absent where no task on another machine needs it."""
        return RunFile(self.store, "shared.json")

    @property
    def pool(self) -> RunFile:
        """The pool's three columns: what travels to the nodes, and what the gate decides on."""
        return RunFile(self.store, "pool.npz")

    @property
    def worker(self) -> RunFile:
        """The worker that this run deploys."""
        return RunFile(self.store, "worker.pyz")

    @property
    def trials(self) -> RunFile:
        """Every trial, one JSON object a line, by number."""
        return RunFile(self.store, "trials.jsonl")

    @property
    def sweep(self) -> RunFile:
        """The best configs of the whole space, and how many there were; absent after any other search."""
        return RunFile(self.store, "sweep.json")

    @property
    def collected(self) -> RunFile:
        """What collect found and how it was reconciled."""
        return RunFile(self.store, "collected.json")

    @property
    def verdict(self) -> RunFile:
        """The gate's decision."""
        return RunFile(self.store, "verdict.json")

    @property
    def evidence(self) -> RunFile:
        """What is told beside the verdict; it had no say in it."""
        return RunFile(self.store, "evidence.json")

    @property
    def config(self) -> RunFile:
        """The candidate's config, as it is or would be published."""
        return RunFile(self.store, "optimal_scorer_config.json")

    @property
    def published(self) -> RunFile:
        """Where and when the config was published; absent when it was not."""
        return RunFile(self.store, "published.json")

    @property
    def summary(self) -> RunFile:
        """The run in numbers."""
        return RunFile(self.store, "summary.json")

    @property
    def report(self) -> RunFile:
        """The run for a reader."""
        return RunFile(self.store, "report.html")


def run_id_of(folder: Path) -> str:
    """Return the id of the run whose folder of this machine this is.

    Raises:
        RunNotFound: the folder holds no run.
    """
    try:
        return str(RunFiles.at(folder.absolute()).run.read_json()["run_id"])
    except (OSError, ValueError, KeyError, TypeError):
        raise RunNotFound(f"{folder}: not a run folder (no readable run.json). `scorer runs` lists the runs.") from None
