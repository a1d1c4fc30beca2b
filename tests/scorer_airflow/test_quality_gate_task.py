"""Each check and each verdict through the functions that the DAG's own tasks call, on real runs."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException

from scorer_core.context import RunContext
from scorer_core.errors import PublishError, Unreconciled
from scorer_core.gate.checks.table import CHECK_NAMES
from scorer_core.gate.verdict import Verdict, row_of
from scorer_core.ledger.keys import taken
from scorer_core.pool.survivors import Pool
from scorer_core.publish.withdrawal import roll_back
from scorer_core.run.files import json_bytes
from scorer_core.run.folder import RunFiles
from scorer_core.run.trials import read_trials, write_trials
from scorer_core.steps.collect import collect
from tests.scorer_airflow.dag_files import OPTIMIZER, load
from tests.support.own_database import database_of
from tests.support.runs import prepare, run_sweep, run_trials, sample_pool, seen

pytestmark = pytest.mark.slow

KEEPS_TOO_LITTLE = seen({"residue_mod_1": 20, "residue_mod_2": 149, "residue_mod_3": 1500, "max_offset": 1})

Make = Callable[[Path], None]


@pytest.fixture(scope="module")
def dag() -> DAG:
    return load(OPTIMIZER)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installation that the tasks find in their environment; its head sweeps no pool beside a verdict."""
    monkeypatch.setenv("SCORER_HOME", str(tmp_path))
    monkeypatch.setenv("SCORER_HEAD_SWEEP_ROWS", "0")
    monkeypatch.setenv("SCORER_DATABASE_URL", database_of(tmp_path))
    return tmp_path


@cache
def pool_of(kind: str) -> Pool:
    return sample_pool(kind)


def call(dag: DAG, task_id: str, run_id: str = "run") -> Any:
    """Call a task's function with what it reads of Airflow's context."""
    task = dag.get_task(task_id)
    assert isinstance(task, PythonOperator)
    return task.python_callable(run_id=run_id)


def run_of(home: Path, kind: str, run_id: str = "run", *, trials: dict[str, Any] | None = None, **conf: Any) -> None:
    """Leave a run on a sample pool that is collected."""
    context = prepare(home, pool_of(kind), run_id, n_trials=12, **conf)
    run_trials(context, **trials or {})
    collect(context, None)


def planted(home: Path, run_id: str = "run", **conf: Any) -> None:
    """Leave a collected run that finds the enrichment, with a lift of nearly 4."""
    run_of(home, "planted", run_id, seed=2, **conf)


def half_failed(home: Path) -> None:
    """Leave a run of which every second trial failed."""
    with pytest.raises(Unreconciled, match="only 6 of 12"):
        run_of(home, "planted", trials={"fails": lambda number: number % 2 == 0})


def mixed(home: Path) -> None:
    """Leave a run one of whose results is of another sample size."""
    planted(home)
    files = RunContext.load("run").files
    trials = read_trials(files)
    assert {trial.sample_size for trial in trials} == {2000}
    write_trials(files, [replace(trial, sample_size=450) if trial.number == 7 else trial for trial in trials])


def dead(home: Path) -> None:
    """Leave a run whose trials all keep too few rows."""
    run_of(home, "planted", trials={"every": KEEPS_TOO_LITTLE})


def noise(home: Path) -> None:
    """Leave a run on random labels."""
    run_of(home, "null")


def too_weak(home: Path) -> None:
    """Leave a run that found a real lift, though not one of 6."""
    planted(home, min_lift=6.0)


CASES: dict[str, tuple[Make, str]] = {
    "complete": (half_failed, "Only 6 of 12 trials gave a result"),
    "consistent": (mixed, "Results differ from the run's own sample_size"),
    "alive": (dead, "Only 0 of 12 masks were accepted"),
    "real": (noise, "above the 0.0061 allowed for decision 1 of this installation"),
    "worth_it": (too_weak, "less than the 6 that is worth publishing"),
}


def first_failed(files: RunFiles) -> str | None:
    checks = files.verdict.read_json()["checks"]
    assert tuple(check["name"] for check in checks) == CHECK_NAMES
    return next((check["name"] for check in checks if check["passed"] is False), None)


def table(caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Return what the log says of each check, its folded lines joined: mark and meaning."""
    told: dict[str, str] = {}
    name = ""
    for line in caplog.messages:
        first, _, rest = line.partition(" ")
        if first in CHECK_NAMES:
            name, told[first] = first, " ".join(rest.split())
        elif line.startswith(" ") and name:
            told[name] += f" {line.strip()}"
    return told


def refused(dag: DAG, caplog: pytest.LogCaptureFixture, verdict: str) -> str:
    """Let the gate refuse, and return the last line of its log, an error; it ends by its exit code, not a crash."""
    with pytest.raises(SystemExit) as ended:
        call(dag, "quality_gate")
    assert ended.value.code == row_of(Verdict(verdict)).exit_code
    assert caplog.records[-1].levelno == logging.ERROR
    return caplog.messages[-1]


def test_a_refused_run_goes_on_green_with_publish_skipped_where_the_setting_says_so(
    dag: DAG, home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORER_REFUSED", "skipped")
    noise(home)
    caplog.set_level("INFO", logger="scorer_airflow.tasks")

    assert call(dag, "quality_gate") == "INCONCLUSIVE"

    assert caplog.messages[-1].startswith("INCONCLUSIVE: Nothing is published")
    with pytest.raises(AirflowSkipException, match="INCONCLUSIVE: nothing is published"):
        call(dag, "publish")
    assert not RunContext.load("run").publisher.config.exists()


@pytest.mark.parametrize("check", CASES)
def test_a_check_that_fails_fails_the_task_by_its_own_words(
    dag: DAG, home: Path, caplog: pytest.LogCaptureFixture, check: str
) -> None:
    make, words = CASES[check]
    make(home)
    caplog.set_level("INFO", logger="scorer_airflow.tasks")

    reason = refused(dag, caplog, "INCONCLUSIVE")

    files = RunContext.load("run").files
    assert first_failed(files) == check
    assert words in reason
    told = table(caplog)
    assert told[check].startswith("FAILED ")
    assert words in told[check]
    assert all(told[name].startswith("passed ") for name in CHECK_NAMES[: CHECK_NAMES.index(check)])
    with pytest.raises(PublishError, match="Only PUBLISH publishes"):
        call(dag, "publish")
    assert not RunContext.load("run").publisher.config.exists()


def test_publish_is_what_the_gate_answers_and_the_publisher_does(
    dag: DAG, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    planted(home)
    caplog.set_level("INFO", logger="scorer_airflow.tasks")

    answer = call(dag, "quality_gate")
    published = call(dag, "publish")

    run = RunContext.load("run")
    assert answer == run.files.verdict.read_json()["verdict"] == "PUBLISH"
    assert first_failed(run.files) is None
    assert any(line.startswith("PUBLISH: Publish the config with") for line in caplog.messages)
    assert published["config"] == str(run.publisher.config)
    assert run.publisher.config.read_bytes() == run.files.config.read_bytes()


def test_a_candidate_that_is_no_better_keeps_the_champion_and_skips_publish(
    dag: DAG, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    planted(home, "earlier")
    call(dag, "quality_gate", "earlier")
    call(dag, "publish", "earlier")
    planted(home)
    run = RunContext.load("run")
    champion = run.publisher.config.read_bytes()
    caplog.set_level("INFO", logger="scorer_airflow.tasks")

    assert call(dag, "quality_gate") == "KEEP_CHAMPION"
    with pytest.raises(AirflowSkipException, match="the published config stays"):
        call(dag, "publish")

    assert first_failed(run.files) == "better"
    better = table(caplog)["better"]
    assert better.startswith("FAILED ")
    assert "keeps the very rows that the published config keeps" in better
    assert any(line.startswith("KEEP_CHAMPION: Keep the published config") for line in caplog.messages)
    assert run.publisher.config.read_bytes() == champion


def swept(home: Path, run_id: str = "run", **conf: Any) -> None:
    """Leave a sweep of a small pool of random labels."""
    context = prepare(home, sample_pool("null", size=3_000), run_id, search="sweep", **conf)
    run_sweep(context)
    collect(context, None)


@pytest.mark.parametrize(
    ("conf", "verdict", "words"),
    [
        ({"min_lift": 4.0}, "REJECT", "Lifts above .* are excluded .*: none reaches 4"),
        ({"min_lift": 1.05}, "INCONCLUSIVE", "Lifts above .* are excluded .* To show a lift of 1.1[56] .* are needed"),
        ({"min_lift": 4.0, "sample_size": 2_900}, "INCONCLUSIVE", "allowed for decision 1 of this installation"),
        ({"min_lift": 4.0, "fixed_params": {"max_offset": 5}}, "INCONCLUSIVE", "allowed for decision 1 of this"),
    ],
    ids=["excluded", "not excluded", "on a sample", "on a part of the space"],
)
def test_noise_is_refuted_by_a_whole_sweep_of_all_rows_and_by_nothing_else(
    dag: DAG, home: Path, caplog: pytest.LogCaptureFixture, conf: dict[str, Any], verdict: str, words: str
) -> None:
    swept(home, **conf)

    for _ in ("first", "cleared and run again"):
        assert re.match(f"{verdict}: Nothing is published.*{words}", refused(dag, caplog, verdict))

    decision = RunContext.load("run").files.verdict.read_json()
    assert (decision["verdict"], decision["decision"]) == (verdict, 1)
    assert (decision["excludes"] is not None) == ("sample_size" not in conf and "fixed_params" not in conf)


def test_a_pool_that_can_show_nothing_is_inconclusive_at_once_and_spends_nothing(
    dag: DAG, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """85 rows with 7 of the minority: the best that they could show is p = 0.59."""
    rows = np.arange(85)
    pool = Pool(rows.astype(np.uint64) * 977, rows % 12 == 0, rows % 5)
    context = prepare(home, pool, "run", n_trials=12, sample_size=None)
    run_trials(context)
    collect(context, None)

    assert "No result on this pool could be real" in refused(dag, caplog, "INCONCLUSIVE")

    assert first_failed(RunContext.load("run").files) in ("alive", "real")
    assert taken(context.ledger.engine) == []


def test_what_was_withdrawn_is_not_published_by_clearing_the_task(dag: DAG, home: Path) -> None:
    too_wide = seen({"residue_mod_1": 5, "residue_mod_2": 10, "residue_mod_3": 500, "max_offset": 9})
    planted(home)
    run = RunContext.load("run")
    run.publisher.publish(json_bytes(too_wide))
    call(dag, "quality_gate")
    call(dag, "publish")
    roll_back(run.publisher, run.ledger.engine)

    with pytest.raises(PublishError, match="was withdrawn .* `scorer publish --again`"):
        call(dag, "publish")
