"""prepare_run: conf to frozen spec; pool and inventory checked; run folder and tickets made, the decision asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scorer_core.asking import asking
from scorer_core.conf import RunConf
from scorer_core.context import RunContext, open_ledger
from scorer_core.engines import traits_of
from scorer_core.errors import PoolError, RunError, RunNotFound, SpecError
from scorer_core.inventory import load_inventory
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.records import RunRecord
from scorer_core.pool.files import npz_bytes
from scorer_core.pool.survivors import Pool, content_id, load_pool
from scorer_core.publish.publisher import Publisher
from scorer_core.run.folder import RunFiles
from scorer_core.run.prepared import Prepared
from scorer_core.run.shared import is_of, leave_mark
from scorer_core.scoring.sweep.batches import batch_count
from scorer_core.settings import Settings
from scorer_core.spec import RunSpec
from scorer_core.transport import bundle
from scorer_core.verify import Verify


def prepare_run(settings: Settings, run_id: str, conf: Mapping[str, Any]) -> RunContext:
    """Prepare a run of the cluster. Doing it again for the same run id changes nothing.

    Raises:
        SpecError, PoolError, InventoryError: the conf, the pool or the inventory is wrong; no run was made.
        RunError: the run exists already with other inputs, or SCORER_PUBLISH_DIR cannot be written.
    """
    asked = RunConf.checked(conf)
    slots = sum(node.slots for node in load_inventory(settings.cluster_file, settings.transport).nodes)
    if asked.min_gpus > slots:
        raise SpecError(
            f"conf: min_gpus is {asked.min_gpus}, but the inventory lists {slots} GPU slots in all. "
            f"Lower min_gpus or add nodes to {settings.cluster_file.name}."
        )
    pool = load_pool(_below(settings.data_dir, asked.survivors_path))
    files = RunFiles.of(settings.runs_dir, run_id)
    context = prepare_pool_run(settings, run_id, asked, pool, files, slots, on_rigs=True)
    leave_mark(context.files, settings.publish_dir)
    return context


def prepare_pool_run(
    settings: Settings,
    run_id: str,
    asked: RunConf,
    pool: Pool,
    files: RunFiles,
    slots: int = 1,
    *,
    on_rigs: bool = False,
) -> RunContext:
    """Prepare a run on a pool that is already loaded, in a given folder, for so many slots.

    Only rigs are asked twice, and for permutations.

    Raises:
        PublishError: the published config, whose values the run keeps, cannot be read.
        RunError: the run exists already with other inputs, or its folder holds the files of another run.
    """
    content = _file(pool)
    worker = bundle.build()
    ledger = open_ledger(settings)
    _refuse_anothers_files(ledger, run_id, files)
    ask = asking(settings, ledger, pool, asked.mask_policy)
    spec = _settled(settings, ledger, run_id, asked, slots)
    ledger.open_run(
        run_id,
        spec,
        worker_sha256=worker.sha256,
        pool_sha256=hashlib.sha256(content).hexdigest(),
        pool_content=content_id(pool),
        folder=files.location,
        asked=ask.asked,
        twice=on_rigs and traits_of(asked.search).walks_grid and settings.verify is Verify.ALL,
        batches=batch_count(spec.permuted_by_lanes) if on_rigs else 0,
    )
    files.pool.write_bytes(content)
    files.worker.write_bytes(worker.content)
    run = ledger.run(run_id)
    files.run.write_json(_prepared(run, pool, ask.why_not).to_json())
    return RunContext(settings, ledger, run)


def _refuse_anothers_files(ledger: Ledger, run_id: str, files: RunFiles) -> None:
    """Refuse a folder with the files of a run that this ledger does not know, or knows as another one.

    Its verdict would be taken for this run's. It is left by another ledger, or by one that was made anew.
    """
    there = set(files.store.entries())
    if not there:
        return
    begun = {file.name for file in (files.pool, files.worker, files.shared)}  # run.json is written last
    try:
        known = ledger.run(run_id)
        if there <= begun or is_of(files, run_id, known.created_at):
            return
    except (RunNotFound, FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    raise RunError(
        f"{files.location}: holds the files of another run that was called {run_id!r}. "
        "Move the folder away, or trigger a run with another id."
    )


def _below(data_dir: Path, survivors_path: str) -> Path:
    path = (data_dir / survivors_path).resolve()
    if not path.is_relative_to(data_dir.resolve()):
        raise PoolError(
            f"survivors_path {survivors_path!r} leads out of the data directory. "
            "Put the pool below it (SCORER_DATA_DIR)."
        )
    return path


def _settled(settings: Settings, ledger: Ledger, run_id: str, asked: RunConf, slots: int) -> RunSpec:
    """Return what the run does; a retry does what was settled first: seed and shards are those of then."""
    with suppress(RunNotFound):
        first = ledger.run(run_id).spec
        if first.obeys(asked):
            return first
    return RunSpec.of(asked, Publisher(settings.publish_dir).published(), slots).with_seed()


def _file(pool: Pool) -> bytes:
    return npz_bytes(pool.to_columns())


def _prepared(run: RunRecord, pool: Pool, why_not: str) -> Prepared:
    return Prepared(
        run_id=run.run_id,
        spec=run.spec,
        created_at=run.created_at,
        worker_sha256=run.worker_sha256,
        pool_sha256=run.pool_sha256,
        pool_content=run.pool_content,
        rows=len(pool),
        minority_share=pool.minority_share,
        why_not="" if run.decision is not None else why_not or "No decision was asked for before the search.",
    )
