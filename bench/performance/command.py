"""`scorer search` as a whole, the default engine; and what collect needs to write the study of record."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna

from bench.performance.measured import run_measured
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.cli.in_one_process import search_run
from scorer_core.pool.files import write_columns
from scorer_core.run.trials import read_trials
from scorer_core.search.study import write_study
from scorer_core.settings import Settings

ROWS = 44_647
_SEARCH_S, _TRIAL_MS = 7.0, 5.0
_CHILD = """
import json, sys, time
from pathlib import Path
from scorer_core.cli import in_one_process
from scorer_core.settings import Settings
spent = {"imports": time.process_time()}
def timed(name, work):
    def run(*arguments):
        started = time.process_time()
        try:
            return work(*arguments)
        finally:
            spent[name] = time.process_time() - started
    return run
for name, work in {"prepare": "prepare_pool_run", "collect": "collect", "report": "write_report"}.items():
    setattr(in_one_process, work, timed(name, getattr(in_one_process, work)))
in_one_process.Lane.work = timed("sweep and ledger", in_one_process.Lane.work)
home, pool, out = map(Path, sys.argv[1:])
in_one_process.search_run(Settings.model_validate({"home": home}), {"search": "sweep"}, pool, out)
print(json.dumps(spent))
"""


def measure(size: Size) -> Result:
    """Measure the command, what its seconds go to, and the study of a sampled run."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"home": Path(folder)})
        pool = pool_of(size.of(ROWS, 1000))
        file = Path(folder, "pool.npz")
        write_columns(file, pool.to_columns())
        command = [sys.executable, "-m", "scorer_core", "search", "--search", "sweep", "--pool", str(file)]
        compiled = {"SCORER_HOME": str(settings.home), "PYTHONDONTWRITEBYTECODE": ""}  # the first run compiles
        runs = [
            run_measured([*command, "--out", str(settings.home / f"swept-{number}")], environment=compiled)
            for number in range(size.of(3, 1))
        ]
        whole = min(runs, key=lambda run: run.cpu_s)
        phases = _phases(settings, file)
        study = _study_ms(settings, file, size.of(1000, 20))
    search_s = whole.cpu_s - phases["report"]
    told = (
        f"{search_s:.1f} CPU s, least of {len(runs)} ({whole.cpu_s:.1f} with the report, {whole.seconds:.1f} s by the "
        f"clock); of these, in another run: {', '.join(f'{name} {spent:.1f}' for name, spent in phases.items())}"
    )
    what = f"`scorer search --search sweep`, {len(pool):,} rows, report apart"
    lines = (
        Line(what, told, f"≤ {_SEARCH_S:g} s", search_s <= _SEARCH_S),
        Line(
            "the study of record, a trial",
            f"{study['ours_ms']:.2f} ms, {study['trials']:,} trials at once; Optuna's own `add_trials` "
            f"{study['optuna_ms']:.1f} ms",
            f"≤ {_TRIAL_MS:g} ms",
            study["ours_ms"] <= _TRIAL_MS,
        ),
    )
    return Result(lines, {"search_s": search_s, "phases": phases, "whole_s": whole.cpu_s, **study})


def _phases(settings: Settings, pool: Path) -> dict[str, float]:
    """Return the CPU seconds of a search in a process of its own, by what it does."""
    out = settings.home / "phases"
    command = [sys.executable, "-c", _CHILD, str(settings.home), str(pool), str(out)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _study_ms(settings: Settings, pool: Path, trials: int) -> dict[str, float]:
    """Return the CPU milliseconds a trial: of our bulk write, and of Optuna's API on some of the same trials."""
    conf = {"search": "random", "n_trials": trials, "sample_size": 450, "seed": 1}
    context = search_run(settings, conf, pool, settings.home / "sampled")
    ours, theirs = (f"sqlite:///{settings.home}/{name}.db" for name in ("ours", "theirs"))
    started = time.process_time()
    written = write_study(ours, context.record, read_trials(context.files))
    ours_ms = 1000 * (time.process_time() - started) / written
    some = optuna.load_study(study_name=context.record.study_name, storage=ours).get_trials()[:50]
    study = optuna.create_study(storage=theirs, direction="maximize")
    started = time.process_time()
    study.add_trials(some)
    return {
        "trials": written,
        "ours_ms": ours_ms,
        "optuna_ms": 1000 * (time.process_time() - started) / len(some),
    }
