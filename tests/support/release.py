"""Writes what a release leaves behind, for `tests/data/release-<version>/`: `python -m tests.support.release HOME`.

HOME, an empty folder such as /srv/scorer, is written into database and files; move it into the tests' data afterwards.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import numpy as np

from scorer_core.pool.survivors import Pool, pool_from_columns
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.steps.collect import collect
from scorer_core.steps.publish import publish
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report
from tests.support.pools import Columns
from tests.support.runs import PLANTED_CONFIG, prepare, run_trials

ROWS = 600
_LEFT_OUT = ("worker.pyz", "report.html", ".lock", "scorer.db-queue")  # large, derived or empty
CONF = {"n_trials": 12, "sample_size": 200, "min_completion": 0.9}


def strong_pool() -> Pool:
    """Return a small pool that is enough to publish on: the mask's rows are mostly minority."""
    rng = np.random.default_rng(1)
    seeds = np.sort(rng.choice(2**32, ROWS, replace=False)).astype(np.uint32)
    kept = residue_mask(seeds.astype(np.uint64), PLANTED_CONFIG, MaskPolicy.MAX_OFFSET).kept
    minority = rng.random(ROWS) < np.where(kept, 0.6, 0.04)
    columns: Columns = {
        "seeds": seeds,
        "skip_mode": minority.astype(np.uint8),
        "trial_number": rng.integers(0, 17, ROWS),
    }
    return pool_from_columns(columns, where="strong pool")


def write_release(home: Path) -> None:
    """Write a published run with a failed trial, and one that is still open, below `home`."""
    published = prepare(home, strong_pool(), "published", **CONF)
    run_trials(published, first=PLANTED_CONFIG, fails=lambda number: number == 5)
    collect(published, None)
    quality_gate(published)
    publish(published)
    report(published)
    still_open = prepare(home, strong_pool(), "open", **CONF)
    run_trials(still_open, trials=4)
    for context in (published, still_open):
        context.ledger.engine.dispose()
    for name in _LEFT_OUT:
        for path in home.rglob(name):
            path.unlink()
    with sqlite3.connect(home / "scorer.db") as database:
        database.execute("PRAGMA journal_mode=DELETE")  # one file, whole


if __name__ == "__main__":
    write_release(Path(sys.argv[1]))
