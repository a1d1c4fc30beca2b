"""`search` runs a whole search in one process, by the DAG's steps, on all rows of a pool."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import numpy as np
import optuna
import pytest

from scorer_core.engines import SearchEngine
from scorer_core.ledger.records import study_name
from scorer_core.pool.files import write_columns
from scorer_core.pool.survivors import load_pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import search_space
from scorer_core.scoring.trial import TrialRequest, evaluate
from scorer_core.spec import RunSpec
from tests.scorer_core.cli.installation import Installation, read_trials, the_only_line
from tests.support.own_database import database_of

pytestmark = pytest.mark.slow

TPE = ("--search", "tpe")
FILES = {
    *("run.json", "pool.npz", "worker.pyz", "trials.jsonl"),
    *("collected.json", "summary.json", "report.html"),
}


@pytest.mark.parametrize(
    ("engine", "sample_size", "policy"),
    [("tpe", "450", "max_offset"), ("random", "all", "max_offset"), ("tpe", "1000000", "keep_fraction")],
)
def test_a_search_leaves_a_whole_run_directory(
    installation: Installation, small: Path, tmp_path: Path, engine: str, sample_size: str, policy: str
) -> None:
    out = tmp_path / "a" / "run"
    options = ["--search", engine, "--sample-size", sample_size, "--mask-policy", policy, "--seed", 4]

    done = installation.scorer("search", "--pool", small, "--n-trials", 12, *options, "--out", out)

    assert (done.exit_code, done.stderr) == (0, "")
    assert {path.name for path in out.iterdir()} == FILES
    trials = read_trials(out)
    rows = load_pool(out / "pool.npz")
    space = search_space(MaskPolicy(policy))
    wanted = None if sample_size == "all" else int(sample_size)
    assert [(trial["number"], trial["state"]) for trial in trials] == [(number, "done") for number in range(12)]
    for trial in trials:
        assert set(trial["params"]) == {param.name for param in space}
        assert all(param.contains(trial["params"][param.name]) for param in space)
        request = TrialRequest.from_json(
            {"trial_number": trial["number"]} | {name: trial[name] for name in ("params", "sample_size", "mask_policy")}
        )
        assert trial["sample_size"] == wanted
        assert {name: trial[name] for name in evaluate(rows, request).to_json()} == evaluate(rows, request).to_json()
    summary = json.loads((out / "summary.json").read_text())
    assert f"objective {summary['best']['objective']:.4f}" in done.stdout
    assert f"folder      {out}\n" in done.stdout
    assert (summary["verdict"], summary["collected"]["executed"], summary["collected"]["reported"]) == (None, 12, 12)


def test_the_study_of_record_holds_the_search(installation: Installation, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    installation.scorer("search", "--pool", small, *TPE, "--n-trials", 8, "--seed", 1, "--out", out)

    run_id = json.loads((out / "run.json").read_text())["run_id"]
    study = optuna.load_study(study_name=study_name(run_id), storage=database_of(installation.home))
    assert run_id.startswith("run-")
    assert [trial.value for trial in study.trials] == [trial["objective"] for trial in read_trials(out)]


def test_the_seed_decides_the_trials(installation: Installation, small: Path, tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        installation.scorer("search", "--pool", small, *TPE, "--n-trials", 12, "--seed", seed, "--out", tmp_path / name)

    assert read_trials(tmp_path / "one") == read_trials(tmp_path / "again")
    assert read_trials(tmp_path / "one") != read_trials(tmp_path / "two")


@pytest.mark.draws_seed
def test_without_a_seed_one_is_drawn_and_recorded(installation: Installation, small: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        installation.scorer("search", "--pool", small, *TPE, "--n-trials", 1, "--out", tmp_path / name)

    drawn = [json.loads((tmp_path / name / "run.json").read_text())["spec"]["seed"] for name in ("one", "two")]
    assert drawn[0] != drawn[1]
    assert read_trials(tmp_path / "one")[0]["params"] != read_trials(tmp_path / "two")[0]["params"]


def test_the_defaults_are_those_of_every_run(installation: Installation, small: Path, tmp_path: Path) -> None:
    installation.scorer("search", "--pool", small, "--out", tmp_path / "run")
    told = installation.scorer("search", "--help").stdout

    run = tmp_path / "run"
    assert (
        json.loads((run / "run.json").read_text())["spec"]
        == RunSpec.from_conf({"survivors_path": str(small)}).to_record()
    )
    assert len(read_trials(run)) == 143
    assert "[default: sweep]" in told
    assert all(engine.value in told for engine in SearchEngine)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--n-trials", 0], "conf: n_trials is 0; it should be greater than or equal to 1"),
        (["--n-trials", "ten"], "Invalid value for '--n-trials': needs a valid integer"),
        (["--sample-size", 49], "conf: sample_size is 49; it should be greater than or equal to 50"),
        (["--sample-size", "every"], "--sample-size 'every' is not known; write a number of rows, at least 50, or all"),
        (["--sample-size", "-5"], "--sample-size '-5' is not known"),
        (["--search", "grid"], "Invalid value for '--search': 'grid' is not one of 'sweep', 'tpe', 'random'. Try"),
        (["--mask-policy", "all"], "Invalid value for '--mask-policy': 'all' is not one of"),
        (["--n-trials", 50], "conf: n_trials is 50, but a sweep tries every config"),
        (["--fixed-params", "[1]"], "--fixed-params '[1]' is no JSON object"),
        (["--fixed-params", "dropout=0.2"], "--fixed-params 'dropout=0.2' is no JSON object"),
        (["--fixed-params", '{"droput": 0.2}'], "conf: fixed_params: unknown key 'droput'; did you mean 'dropout'?"),
        (["--seed", -1], "conf: seed is -1; it should be greater than or equal to 0"),
        (["--seed", 2**31], "conf: seed is 2147483648; it should be less than 2147483648"),
    ],
)
def test_a_bad_option_makes_no_run(
    installation: Installation, small: Path, tmp_path: Path, options: list[object], message: str
) -> None:
    failed = installation.scorer("search", "--pool", small, *options, "--out", tmp_path / "run")

    assert (failed.exit_code, failed.stdout) == (2, "")
    assert the_only_line(failed.stderr).startswith(f"error: {message}")
    assert not (tmp_path / "run").exists()
    assert json.loads(installation.scorer("runs", "--json").stdout) == []


def test_a_folder_in_use_is_left_alone(installation: Installation, small: Path, tmp_path: Path) -> None:
    run, other, file = tmp_path / "run", tmp_path / "other", tmp_path / "file"
    installation.scorer("search", "--pool", small, *TPE, "--n-trials", 1, "--seed", 1, "--out", run)
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    file.write_text("mine")
    before = {path: path.read_bytes() for path in (*run.iterdir(), other / "notes.txt", file)}

    for out, message in (
        (run, "holds a run already; a run is never overwritten."),
        (other, "the folder is not empty."),
        (file, "the folder cannot be made (File exists)."),
        (file / "run", "the folder cannot be made (Not a directory)."),
    ):
        failed = installation.scorer("search", "--pool", small, "--out", out)

        assert failed.exit_code == 2
        assert the_only_line(failed.stderr).startswith(f"error: {out}: {message}")
    assert {path: path.read_bytes() for path in before} == before
    assert len(json.loads(installation.scorer("runs", "--json").stdout)) == 1


def test_a_search_takes_the_number_of_its_decision_before_it_begins(
    installation: Installation, planted: Path, tmp_path: Path
) -> None:
    """Who searches ten pools in the dark and gates the best-looking pays for ten."""
    for seed in (1, 2):
        options = ("--n-trials", 2, *TPE, "--seed", seed)
        installation.scorer("search", "--pool", planted, *options, "--out", tmp_path / f"run-{seed}")

    (taken,) = json.loads(installation.scorer("gate-history", "--json").stdout)

    assert (taken["decision"], taken["verdicts"]) == (1, [])


def test_a_pool_that_can_show_nothing_takes_no_number_and_says_so(installation: Installation, tmp_path: Path) -> None:
    pool, run = tmp_path / "pool.npz", tmp_path / "run"
    write_columns(
        pool, {"seeds": np.arange(4), "skip_mode": np.array([0, 0, 0, 1]), "trial_number": np.zeros(4, dtype=int)}
    )

    searched = installation.scorer("search", "--pool", pool, *TPE, "--n-trials", 3, "--seed", 1, "--out", run)
    decided = installation.scorer("gate", "--run", run)

    assert searched.exit_code == 0
    assert decided.exit_code == 5
    assert "No result on this pool could be real: 4 of its 4 rows, 1 of them minority" in decided.stdout
    assert json.loads(installation.scorer("gate-history", "--json").stdout) == []


def test_progress_is_shown_on_a_terminal(installation: Installation, small: Path, tmp_path: Path) -> None:
    """On a pipe nothing is: the other tests see an empty standard error."""
    ours, theirs = pty.openpty()
    command = installation.command("search", "--pool", small, *TPE, "--n-trials", 3, "--out", tmp_path / "run")
    environ = installation.environ() | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environ) as process:
        os.close(theirs)
        shown = b""
        while chunk := read(ours):
            shown += chunk
        assert process.stdout is not None
        told = process.stdout.read().decode()
    os.close(ours)

    assert process.returncode == 0
    assert "100%" in shown.decode()
    assert "best " in shown.decode()
    assert told.startswith("run ")
    assert "100%" not in told


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""
