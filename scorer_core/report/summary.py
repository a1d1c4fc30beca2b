"""summary.json: the run in numbers, for every outcome, from what the run's folder holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from scorer_core.ledger.records import RunRecord
from scorer_core.run.files import read_json, read_json_lines
from scorer_core.run.folder import RunPaths

SUMMARY_SCHEMA = 1


def build_summary(run: RunRecord, paths: RunPaths, counts: dict[str, int]) -> dict[str, Any]:
    """Return the summary; what the run did not reach is None. `counts` are the ledger's tickets by state."""
    trials = _trials(paths.trials)
    done = [trial for trial in trials if trial["state"] == "done"]
    verdict, published = _optional(paths.verdict), _optional(paths.published)
    collected = _optional(paths.collected)
    return {
        "schema_version": SUMMARY_SCHEMA,
        "run_id": run.run_id,
        "study_name": run.study_name,
        "spec": run.spec.model_dump(mode="json"),
        "folder": str(paths.folder),
        "worker_sha256": run.worker_sha256,
        "pool_sha256": run.pool_sha256,
        "rows": (_optional(paths.run) or {}).get("rows"),
        "tickets": counts,
        "collected": collected,
        "sample_sizes": sorted({trial["sample_size"] for trial in done}, key=str),
        "nodes": dict(sorted(Counter(trial["node"] for trial in done).items())),
        "gpus": len({(trial["node"], trial["gpu"]) for trial in done}),
        "trial_seconds": sum(trial["seconds"] for trial in done),
        "blind_share": _blind_share(done),
        "best": _best(done),
        "verdict": None if verdict is None else verdict["verdict"],
        "gate": verdict,
        "evidence": _optional(paths.evidence),
        "published": published,
    }


def _optional(path: Path) -> Any:
    return read_json(path) if path.exists() else None


def _trials(path: Path) -> list[dict[str, Any]]:
    return read_json_lines(path) if path.exists() else []


def _best(done: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the trial with the best objective on its own sample, ties by lower number."""
    best = min(done, key=lambda trial: (-trial["objective"], trial["number"]), default=None)
    if best is None:
        return None
    return {name: best[name] for name in ("number", "objective", "keep", "reason", "params", "node", "gpu")}


def _blind_share(done: list[dict[str, Any]]) -> float | None:
    """Return the share of trials in which at least one of the three moduli was blind."""
    return sum(any(trial["blind"]) for trial in done) / len(done) if done else None
