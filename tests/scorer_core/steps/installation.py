"""An installation whose nodes are folders of this machine: real steps, real workers, no SSH."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from scorer_core.context import RunContext
from scorer_core.rig import journal
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.protocol import TrialResult
from scorer_core.rig.worker import Origin, run_request
from scorer_core.run.slot import Slot
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.trial import TrialRequest
from scorer_core.search.sampler import Suggester
from scorer_core.settings import Settings
from scorer_core.steps.prepare_run import prepare_run
from tests.support.pools import small_pool
from tests.support.prepared import POOL_NAME, write_pool

LEASE = timedelta(minutes=5)
CONF = {"n_trials": 6, "sample_size": 200, "search": "random", "seed": 1}

_PRELUDED = """#!{python}
import os, runpy, sys
if sys.argv[1] == "-u":
    del sys.argv[1]
if not sys.argv[1].endswith(".pyz"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0])
{prelude}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def make_python(path: Path, prelude: str) -> str:
    """Write a Python that runs some lines before any worker, and return its path."""
    path.write_text(_PRELUDED.format(python=sys.executable, prelude=prelude))
    path.chmod(0o700)
    return str(path)


def make_run(settings: Settings, run_id: str = "run-1", **conf: Any) -> RunContext:
    """Prepare a run of six trials on a pool of 600 rows, unless told otherwise."""
    if not (settings.data_dir / POOL_NAME).exists():
        write_pool(settings, small_pool(600))
    return prepare_run(settings, run_id, {**CONF, **conf})


def rig_paths(context: RunContext, node: str) -> RigPaths:
    """Return the paths below a node's root."""
    return RigPaths(PurePosixPath(context.inventory().node(node).root))


def journal_of(context: RunContext, node: str, gpu: int = 0) -> Path:
    """Return the journal of one GPU of a node."""
    return Path(rig_paths(context, node).journal(context.run_id, gpu))


def compute(context: RunContext, node: str, gpu: int = 0) -> TrialResult:
    """Claim the next ticket and compute and journal its result as a lane's worker does, but tell nobody."""
    ledger, run = context.ledger, context.record
    ticket = ledger.claim(run.run_id, Slot(node, gpu), LEASE)
    assert ticket is not None
    params = Suggester(run.spec).suggest(ticket.number, ())
    ledger.assign(run.run_id, ticket.number, params)
    request = TrialRequest(ticket.number, params, run.spec.sample_size, run.spec.mask_policy)
    origin = Origin(node, gpu, run.worker_sha256, run.pool_sha256)
    result = run_request(PoolScorer.of(context.files.pool.read_pool()), request, origin)
    journal.append(journal_of(context, node, gpu), result)
    return result


def work(context: RunContext, trials: int | None = None, nodes: tuple[str, ...] = ("head", "rig-a")) -> None:
    """Compute and record so many trials, the nodes in turn; all of the budget by default."""
    for place in range(context.spec.n_trials if trials is None else trials):
        context.ledger.record(context.run_id, compute(context, nodes[place % len(nodes)]))
