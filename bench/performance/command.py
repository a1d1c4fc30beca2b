"""`scorer search` as a whole, the default engine; and what collect needs to write the study of record."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import optuna

from bench.performance.measured import run_measured
from bench.performance.pools import pool_of
from bench.performance.result import Line, Result, Size
from scorer_core.cli.in_one_process import search_run
from scorer_core.context import RunContext
from scorer_core.pool.files import write_columns
from scorer_core.run.folder import RunFiles
from scorer_core.run.trials import read_trials
from scorer_core.search.study import write_study
from scorer_core.settings import Settings
from scorer_core.steps.report import report

ROWS = 44_647
_SEARCH_S, _TRIAL_MS = 7.0, 5.0


def measure(size: Size) -> Result:
    """Measure the command in a process of its own, its report beside it, and the study of a sampled run."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"home": Path(folder)})
        pool = pool_of(size.of(ROWS, 1000))
        file = Path(folder, "pool.npz")
        write_columns(
            file, {"seeds": pool.seeds, "skip_mode": pool.minority.astype("u1"), "trial_number": pool.trial_number}
        )
        command = [sys.executable, "-m", "scorer_core", "search", "--search", "sweep", "--pool", str(file)]
        whole = run_measured([*command, "--out", str(settings.home / "swept")], SCORER_HOME=str(settings.home))
        report_s = _report_s(settings, Path(folder, "swept"))
        study = _study_ms(settings, file, size.of(1000, 20))
    search_s = whole.cpu_s - report_s
    told = (
        f"{search_s:.1f} CPU s ({whole.cpu_s:.1f} with the report, which takes {report_s:.1f}; "
        f"{whole.seconds:.1f} s by the clock)"
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
    return Result(lines, {"search_s": search_s, "report_s": report_s, "whole_s": whole.cpu_s, **study})


def _report_s(settings: Settings, out: Path) -> float:
    """Return the CPU seconds of a run's report, written once more."""
    context = RunContext.load(RunFiles.at(out).run.read_json()["run_id"], settings)
    started = time.process_time()
    report(context)
    return time.process_time() - started


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
