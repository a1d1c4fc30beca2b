"""Regret of a run: what it found, beside what other runs found on the very same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scorer_core.publish.artifacts import RunPaths
from scorer_core.publish.files import read_json
from scorer_core.search.records import RunRecord
from scorer_core.search.regret import Answer, regret
from scorer_core.steps.context import RunContext


def known_regret(context: RunContext) -> dict[str, Any] | None:
    """Return by how much sampling fell short of the optimum on this run's rows; None unless both are known.

    Runs on the same pool content share their search rows: the split depends on the seeds alone.
    """
    own = _answer(context.run)
    if own is None:
        return None
    run = context.run
    others = (
        _answer(other)
        for other in context.ledger.runs()
        if other.run_id != run.run_id
        and (other.pool_content, other.spec.mask_policy) == (run.pool_content, run.spec.mask_policy)
    )
    return regret(own, [answer for answer in others if answer is not None])


def _answer(run: RunRecord) -> Answer | None:
    """Return a run's answer, unless it has none, or its folder was cleaned away."""
    try:
        candidate = read_json(RunPaths(Path(run.folder)).verdict)["candidate"]
    except OSError:
        return None
    return candidate and Answer(run.run_id, run.spec.search, candidate["search"]["objective"])
