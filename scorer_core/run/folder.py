"""The run directory: one object names every file in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scorer_core.errors import RunNotFound
from scorer_core.rig.paths import safe_name
from scorer_core.run.files import read_json


@dataclass(frozen=True)
class RunPaths:
    """Names the files of one run's folder, private to its owner (0700)."""

    folder: Path

    @classmethod
    def of(cls, runs_dir: Path, run_id: str) -> RunPaths:
        """Return the paths of a run below the folder of all runs."""
        return cls(runs_dir / safe_name(run_id))

    @property
    def run(self) -> Path:
        """Run id, spec, checksums and the split's sizes."""
        return self.folder / "run.json"

    @property
    def search_pool(self) -> Path:
        """The search rows: the only part that leaves the head."""
        return self.folder / "search.npz"

    @property
    def holdout_pool(self) -> Path:
        """The holdout rows: read by the gate alone."""
        return self.folder / "holdout.npz"

    @property
    def worker(self) -> Path:
        """The worker that this run deploys."""
        return self.folder / "worker.pyz"

    @property
    def trials(self) -> Path:
        """Every trial, one JSON object a line, by number."""
        return self.folder / "trials.jsonl"

    @property
    def sweep(self) -> Path:
        """The best configs of the whole space, and how many there were; absent after any other search."""
        return self.folder / "sweep.json"

    @property
    def collected(self) -> Path:
        """What collect found and how it was reconciled."""
        return self.folder / "collected.json"

    @property
    def verdict(self) -> Path:
        """The gate's decision."""
        return self.folder / "verdict.json"

    @property
    def evidence(self) -> Path:
        """What is told beside the verdict; it had no say in it."""
        return self.folder / "evidence.json"

    @property
    def config(self) -> Path:
        """The candidate's config, as it is or would be published."""
        return self.folder / "optimal_scorer_config.json"

    @property
    def published(self) -> Path:
        """Where and when the config was published; absent when it was not."""
        return self.folder / "published.json"

    @property
    def summary(self) -> Path:
        """The run in numbers."""
        return self.folder / "summary.json"

    @property
    def report(self) -> Path:
        """The run for a reader."""
        return self.folder / "report.html"


def run_id_of(folder: Path) -> str:
    """Return the id of the run whose folder this is.

    Raises:
        RunNotFound: the folder holds no run.
    """
    try:
        return str(read_json(RunPaths(folder).run)["run_id"])
    except (OSError, ValueError, KeyError, TypeError):
        raise RunNotFound(
            f"{folder}: not a run directory (no readable run.json). `scorer runs` lists the runs."
        ) from None
