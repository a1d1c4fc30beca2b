"""search_run: a whole search in one process, by the same steps as the DAG's, without cluster and scheduler."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from scorer_core.conf import RunConf
from scorer_core.context import RunContext
from scorer_core.errors import InputError
from scorer_core.pool.survivors import load_pool
from scorer_core.rig.paths import safe_name
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.search.in_process import NODE, InProcessRunner
from scorer_core.search.lane import Lane
from scorer_core.settings import Settings
from scorer_core.steps.collect import collect
from scorer_core.steps.prepare_run import prepare_pool_run


def search_run(
    settings: Settings,
    conf: Mapping[str, Any],
    pool_file: Path,
    out: Path,
    on_result: Callable[[TrialResult], None] = lambda _result: None,
) -> RunContext:
    """Search a pool and leave a run folder in `out`, ready for the gate.

    Raises:
        InputError: `out` is in use or cannot be made, or the conf or the pool is wrong; no run was made.
    """
    asked = RunConf.checked({**conf, "survivors_path": str(pool_file)})
    _refuse_used(out)
    pool = load_pool(pool_file)
    _make(out)
    context = prepare_pool_run(settings, _new_run_id(out), asked, pool, RunFiles.at(out.absolute()))
    try:
        runner = InProcessRunner(
            context.files.pool.read_pool(),
            worker_sha256=context.record.worker_sha256,
            pool_sha256=context.record.pool_sha256,
            cache_bytes=settings.rig_cache_mb * 2**20,
            on_result=on_result,
        )
        Lane(Slot(NODE, 0), context.ledger, context.record, timedelta(seconds=settings.lease_grace_s)).work(runner)
        collect(context, None)
    finally:
        write_report(context)
    return context


def write_report(context: RunContext) -> None:
    """Write what a run found, for people."""
    from scorer_core.steps.report import (
        report,
    )  # brings matplotlib and SciPy, without which a search begins seconds earlier

    report(context)


def _refuse_used(out: Path) -> None:
    if RunFiles.at(out).run.exists():
        raise InputError(f"{out}: holds a run already; a run is never overwritten. Name another folder.")
    if out.is_dir() and any(out.iterdir()):
        raise InputError(f"{out}: the folder is not empty. Name a new one, or an empty one.")


def _make(out: Path) -> None:
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: the folder cannot be made ({error.strerror}). Name another one.") from None


def _new_run_id(out: Path) -> str:
    """Return an id that tells the folder's name and is never given twice."""
    return f"{safe_name(out.absolute().name)}-{uuid.uuid4().hex[:8]}"
