"""What the tests ask of the runs under a real Airflow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from scorer_core.publish.publisher import Publisher
from scorer_core.run.folder import RunFiles
from sim.demo.stand import Stand

SHARDS = 143
"""Tickets of a whole sweep."""
SEARCH = {"n_trials": 8, "search": "random", "min_gpus": 2}
WEAK = {**SEARCH, "seed": 1, "sample_size": 450}
"""A search whose best config has a lift of 2.1 in a pool that has 4."""


@dataclass(frozen=True)
class Ended:
    """A DAG run at its end, and what the gate and the summary say of it."""

    run: dict[str, Any]
    tasks: dict[str, str]
    gate_log: str
    files: RunFiles

    @classmethod
    def of(cls, up: Stand, run_id: str) -> Ended:
        """Wait for the end of a run."""
        run = up.client.wait(run_id)
        instances = up.client.task_instances(run_id)
        return cls(
            run=run,
            tasks={one["task_id"]: one["state"] for one in instances},
            gate_log=logs(up, run, "quality_gate"),
            files=files_of(up, run),
        )

    @property
    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = self.files.verdict.read_json()
        return found

    @property
    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = self.files.summary.read_json()
        return found

    @property
    def end(self) -> tuple[str, str, str, str]:
        """How the DAG run, the gate, publish and report ended."""
        return (self.run["state"], *(self.tasks[name] for name in ("quality_gate", "publish", "report")))

    def failed_checks(self) -> list[str]:
        return [check["name"] for check in self.verdict["checks"] if check["passed"] is False]


@contextmanager
def only(up: Stand, *names: str, lanes: int = 8) -> Iterator[None]:
    """Leave these rigs alone in the inventory, with so many lanes each, as one who needs the others; then undo it."""
    inventory = up.settings.cluster_file
    whole = inventory.read_bytes()
    listed = yaml.safe_load(whole)
    nodes = [{**one, "max_concurrent": lanes} for one in listed["nodes"] if one["name"] in names]
    inventory.write_text(yaml.safe_dump({**listed, "nodes": nodes}))
    try:
        yield
    finally:
        inventory.write_bytes(whole)


def files_of(up: Stand, run: dict[str, Any]) -> RunFiles:
    return RunFiles.of(up.settings.runs_dir, run["dag_run_id"])


def known_runs(up: Stand) -> set[str]:
    return {run["dag_run_id"] for run in up.client.runs()}


def sample_sizes(files: RunFiles) -> Counter[int | None]:
    """Count the trials of a run by their sample size."""
    return Counter(json.loads(line)["sample_size"] for line in files.trials.read_bytes().decode().splitlines())


def logs(up: Stand, run: dict[str, Any], task_id: str) -> str:
    instances = up.client.task_instances(run["dag_run_id"])
    return "\n".join(up.client.log(one) for one in instances if one["task_id"] == task_id)


def published(up: Stand) -> bytes:
    """Return the published config."""
    return Publisher(up.settings.publish_dir).config.read_bytes()


def assert_refused(ended: Ended, said: str) -> None:
    """Check that a run without signal ended red, said why, and published nothing."""
    verdict = ended.verdict["verdict"]
    assert ended.end == ("failed", "failed", "upstream_failed", "success")
    assert f"{verdict}: Nothing is published" in ended.gate_log
    assert said in ended.gate_log
    assert "exc_type" not in ended.gate_log
    assert "Exception" not in ended.gate_log
    assert (ended.summary["verdict"], ended.summary["published"]) == (verdict, None)
    assert ended.failed_checks()[0] == "real"
    assert "Traceback" not in ended.gate_log
    verdict = ended.verdict
    assert str(ended.run["note"]).startswith(f"{verdict['verdict']}: {verdict['reason']}"[:500])
