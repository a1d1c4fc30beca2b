"""clean_artifacts: what earlier runs left is removed; a run in progress never is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import PurePosixPath

from scorer_core.cluster import Node
from scorer_core.context import RunContext
from scorer_core.ledger.records import RunRecord
from scorer_core.rig.paths import safe_name
from scorer_core.rig.scripts.clean import outdated
from scorer_core.run.clock import utc_now
from scorer_core.run.store import open_store
from scorer_core.transport import commands
from scorer_core.transport.answers import Removed, answer

CLEAN_TIMEOUT_S = 120
_MAX_NAMED = 5


def clean_command(context: RunContext, node: Node) -> str:
    """Return the shell command that cleans a node."""
    settings = context.settings
    held = sorted(held_by_live_runs(context))
    return commands.clean(node.python, PurePosixPath(node.root), settings.keep_runs, settings.keep_days, held)


def clean_node(context: RunContext, node: str) -> dict[str, list[str]]:
    """Clean a node, however it is reached, and return the names removed below each of its folders.

    Raises:
        RigError: a kind of it: unreachable, or the command failed there.
    """
    with context.connect(node) as transport:
        command = clean_command(context, transport.node)
        return answer(transport, command, "cleaning", Removed, timeout_s=CLEAN_TIMEOUT_S).root


def removed_in_words(removed: Mapping[str, Sequence[str]]) -> str:
    """Return what was removed, by folder: how many, and the first names."""
    told = [
        f"{len(names)} of {folder} ({', '.join(names[:_MAX_NAMED])}{', …' if len(names) > _MAX_NAMED else ''})"
        for folder, names in sorted(removed.items())
        if names
    ]
    return "removed " + "; ".join(told) if told else "nothing was old enough to be removed"


def clean_head(context: RunContext) -> list[str]:
    """Apply the same retention to the run folders of the head and return the names removed."""
    settings = context.settings
    before = time.time() - timedelta(days=settings.keep_days).total_seconds()
    runs = open_store(settings.runs_dir)
    names = outdated(runs.entries(), before, keep=settings.keep_runs, live=held_by_live_runs(context))
    for name in names:
        runs.remove(name)
    return names


def held_by_live_runs(context: RunContext) -> set[str]:
    """Return the names of run folders, pools and workers that runs in progress hold.

    A run that never ended, because its Airflow was lost, counts as in progress for `keep_days`.
    """
    oldest = utc_now() - timedelta(days=context.settings.keep_days)
    live = [run for run in context.ledger.runs() if run.ended_at is None and run.created_at >= oldest]
    return {name for run in (context.record, *live) for name in _held(run)}


def _held(run: RunRecord) -> tuple[str, str, str]:
    return safe_name(run.run_id), f"{run.pool_sha256}.npz", run.worker_sha256
