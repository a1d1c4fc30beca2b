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
SOURCES = "worker"
AT_ONCE = 8
SWEEP: dict[str, Any] = {
    "search": "sweep",
    "n_trials": None,
    "seed": None,
    "fixed_params": {"residue_mod_1": 9, "max_offset": 9},
}


def with_liars(rigs: Rigs, names: Iterable[str], kind: str, **conf: Any) -> tuple[Run, dict[str, str]]:
    """Deploy a run to the honest rig and put the same on a liar for each lie; return it and the lie of each liar."""
    told = add_liars(rigs, names, kind)
    run = deployed_run(rigs, only=[HONEST], **conf)
    unpack_worker(run.context.files.worker.read_bytes(), rigs.folder / SOURCES)
    for liar in told:
        shutil.copytree(rigs.root(HONEST), rigs.root(liar))
    return run, told


def add_liars(rigs: Rigs, names: Iterable[str], kind: str) -> dict[str, str]:
    """Add a rig beside the honest one for each lie, and return the lie of each; SOURCES is for the caller to fill."""
    honest, told = rigs.entry(HONEST), {}
    root = Path(honest["root"])
    for place, name in enumerate(names):
        liar = f"liar-{place}"
        program = rigs.folder / f"{liar}-python"
        write_program(program, rigs.folder / SOURCES, kind, name)
        rigs.entries.append(
            {**honest, "name": liar, "root": str(root.parent / liar), "python": str(program), "tables": False}
        )
        told[liar] = name
    return told


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
