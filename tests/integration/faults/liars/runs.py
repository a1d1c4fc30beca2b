"""Runs on one honest rig and on rigs that lie, each a folder on one server."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from scorer_core.errors import RigError
from scorer_core.run.trials import TicketState
from sim.rigs.slow_worker import HOLD
from tests.integration.faults.liars.program import unpack_worker, write_program
from tests.integration.faults.runs import RUN, Rigs, Run, deployed_run, until
from tests.integration.faults.slow_worker import set_seconds

HONEST = "rig-honest"
AT_ONCE = 8
SWEEP: dict[str, Any] = {
    "search": "sweep",
    "n_trials": None,
    "seed": None,
    "fixed_params": {"residue_mod_1": 9, "max_offset": 9},
}


def with_liars(rigs: Rigs, names: Iterable[str], kind: str, **conf: Any) -> tuple[Run, dict[str, str]]:
    """Deploy a run to the honest rig and put the same on a liar for each lie; return it and the lie of each liar."""
    honest = rigs.entry(HONEST)
    root, told, sources = Path(honest["root"]), {}, rigs.folder / "worker"
    for place, name in enumerate(names):
        liar = f"liar-{place}"
        program = rigs.folder / f"{liar}-python"
        write_program(program, sources, kind, name)
        entry = {**honest, "name": liar, "root": str(root.parent / liar), "python": str(program), "tables": False}
        rigs.entries.append(entry)
        told[liar] = name
    liars, rigs.entries[:] = rigs.entries[1:], [honest]
    rigs.entries[:] = [honest, *liars]
    run = deployed_run(rigs, only=[HONEST], **conf)
    unpack_worker(run.context.files.worker.read_bytes(), sources)
    for entry in liars:
        shutil.copytree(root, entry["root"])
    return run, told


def work(run: Run, liars: Iterable[str]) -> dict[str, RigError]:
    """Let the liars work first, as many at once as an sshd lets in, then the honest rig; return how lanes failed."""
    errors: dict[str, RigError] = {}
    for some in batched(liars, AT_ONCE):
        lanes = run.lanes(*some)
        lanes.join()
        errors |= lanes.errors
    run.lanes(HONEST).join()
    return errors


def work_together(run: Run, liars: Collection[str], seconds: float) -> dict[str, RigError]:
    """Let all liars begin at once, each with a ticket that takes some seconds, so that each has its share of lies."""
    roots = run.rigs.roots()
    for root in roots:
        set_seconds(root, seconds)
        (root / HOLD).touch()
    lanes = run.lanes(*liars)
    until(lambda: run.context.ledger.counts(RUN)[TicketState.LEASED] == len(liars), "a liar has no ticket")
    for root in roots:
        (root / HOLD).unlink()
    lanes.join()
    run.lanes(HONEST).join()
    return lanes.errors


def batched(names: Iterable[str], count: int) -> Iterator[list[str]]:
    """Yield so many at a time."""
    left = iter(names)
    while some := list(islice(left, count)):
        yield some
