"""Claim, sample, record: 26 processes on one database, ours beside Optuna's own storages used the usual way."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.storages.journal import JournalFileBackend

from bench.performance.forks import Forks, Ready
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.ledger.ledger import Ledger
from scorer_core.rig.protocol import Request, TrialResult
from scorer_core.run.slot import Slot
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS
from scorer_core.search.in_process import InProcessRunner
from scorer_core.search.lane import Lane
from scorer_core.search.sampler import distributions
from scorer_core.spec import RunSpec

PROCESSES = 26
OBJECTIVE_S = 0.05
CAP_S = 15.0
"""A storage that has not finished by then is stopped, and its rate so far is told."""


class _CapReached(Exception):
    pass


class _Waiting(InProcessRunner):
    """Computes a trial in 50 ms, until the time is up."""

    ends = float("inf")

    def run(self, request: Request, timeout_s: float) -> TrialResult:
        if time.monotonic() > self.ends:
            raise _CapReached
        time.sleep(OBJECTIVE_S)
        return super().run(request, timeout_s)


def measure(size: Size) -> Result:
    """Measure each storage with each number of trials."""
    lines, numbers = [], {}
    for trials in (200, 1000, 10_000)[: size.of(3, 1)]:
        rates = {}
        with tempfile.TemporaryDirectory() as folder, _postgres() as postgres:
            sqlite, optuna_sqlite = (f"sqlite:///{folder}/{name}.db" for name in ("ours", "optuna"))
            rates["ours, tpe, SQLite"] = _rate(_ours, (sqlite, "tpe"), trials)
            rates["ours, random, SQLite"] = _rate(_ours, (f"sqlite:///{folder}/random.db", "random"), trials)
            if postgres:
                rates["ours, tpe, PostgreSQL"] = _rate(_ours, (postgres, "tpe"), trials)
            rates["Optuna journal file"] = _rate(_optuna, ("journal", f"{folder}/journal.log"), trials)
            rates["Optuna RDB, SQLite"] = _rate(_optuna, ("rdb", optuna_sqlite), trials)
        journal = rates["Optuna journal file"]
        numbers[str(trials)] = rates
        told = "; ".join(f"{name} {rate:.1f}" for name, rate in rates.items())
        ratio = rates["ours, tpe, SQLite"] / journal
        what = f"trials/s, {trials:,} trials, {PROCESSES} processes, 50 ms each"
        lines.append(Line(what, f"{told}: ours {ratio:.1f} times the journal", "≥ the journal", ratio >= 1.0))
    return Result(tuple(lines), numbers)


@contextmanager
def _postgres() -> Iterator[str | None]:
    """Start a PostgreSQL server, where there is one to start."""
    if shutil.which("initdb") is None and not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        yield None
        return
    from tests.support.postgres import postgres_server

    with postgres_server() as url:
        yield url


def _rate(work: Callable[..., float], arguments: tuple[str, str], trials: int) -> float:
    """Return trials a second, from the moment when every process is ready to the end of the last."""
    _prepare(work, arguments, trials)
    _import_the_sampler()
    forks = Forks(PROCESSES, partial(work, *arguments, trials))
    started = forks.wait_ready()
    return forks.join() / (time.monotonic() - started)


def _import_the_sampler() -> None:
    """Ask once, so that what TPE imports at its first real ask is there before the processes are forked."""
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(n_startup_trials=1, seed=1))
    for _ in range(3):
        study.tell(study.ask(fixed_distributions=distributions(MaskPolicy.MAX_OFFSET, UNSEEN_DEFAULTS)), 0.5)


def _prepare(work: Callable[..., float], arguments: tuple[str, str], trials: int) -> None:
    if work is _ours:
        url, engine = arguments
        ledger = Ledger(url)
        ledger.create_tables()
        spec = RunSpec.from_conf({"n_trials": trials, "sample_size": None, "search": engine, "seed": 1})
        ledger.open_run("bench", spec, worker_sha256="a", pool_sha256="b", pool_content="c", folder="-")
        return
    optuna.create_study(study_name="bench", storage=_storage(*arguments), direction="maximize")


def _ours(url: str, _engine: str, trials: int, number: int, ready: Ready) -> float:
    del trials
    ledger = Ledger(url)
    run = ledger.run("bench")
    runner = _Waiting(pool_of(500), worker_sha256=run.worker_sha256, pool_sha256=run.pool_sha256, cache_bytes=2**20)
    lane = Lane(Slot(f"node-{number % 4}", number), ledger, run, timedelta(seconds=60))
    ready()
    runner.ends = time.monotonic() + CAP_S
    with suppress(_CapReached):
        lane.work(runner)
    return lane.trials


def _optuna(kind: str, where: str, trials: int, number: int, ready: Ready) -> float:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=number)
    study = optuna.load_study(study_name="bench", storage=_storage(kind, where), sampler=sampler)
    space = distributions(MaskPolicy.MAX_OFFSET, UNSEEN_DEFAULTS)
    share = trials // PROCESSES + (number < trials % PROCESSES)
    ready()
    ends, own = time.monotonic() + CAP_S, 0
    while own < share and time.monotonic() < ends:
        trial = study.ask(fixed_distributions=space)
        time.sleep(OBJECTIVE_S)
        study.tell(trial, float(trial.params["residue_mod_2"]) / 150)
        own += 1
    return own


def _storage(kind: str, where: str) -> Any:
    import optuna

    if kind == "rdb":
        return optuna.storages.RDBStorage(where, engine_kwargs={"connect_args": {"timeout": 60}})
    return optuna.storages.JournalStorage(JournalFileBackend(where))
