"""clean_artifacts: what earlier runs left is removed; a run in progress never is."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import PurePosixPath

from scorer_core.cluster import Node
from scorer_core.rig.paths import safe_name
from scorer_core.rig.scripts.clean import expired, remove
from scorer_core.search.ledger import utc_now
from scorer_core.steps.context import RunContext
from scorer_core.transport import commands


def clean_command(context: RunContext, node: Node) -> str:
    """Return the shell command that cleans a node."""
    settings = context.settings
    return commands.clean(
        node.python, PurePosixPath(node.root), settings.keep_runs, settings.keep_days, sorted(live_runs(context))
    )


def clean_head(context: RunContext) -> list[str]:
    """Apply the same retention to the run folders of the head and return the names removed."""
    settings = context.settings
    before = time.time() - timedelta(days=settings.keep_days).total_seconds()
    paths = expired(settings.runs_dir, before, keep=settings.keep_runs, live=live_runs(context))
    for path in paths:
        remove(path)
    return [path.name for path in paths]


def live_runs(context: RunContext) -> set[str]:
    """Return the folder names of runs in progress; one that never ended counts for `keep_days`."""
    oldest = utc_now() - timedelta(days=context.settings.keep_days)
    return {
        safe_name(run.run_id) for run in context.ledger.runs() if run.ended_at is None and run.created_at >= oldest
    } | {safe_name(context.run.run_id)}
