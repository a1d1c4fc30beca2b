"""Given a holdout whose labels are turned round or whose file is ruined: nothing before the gate notices.

The whole path of a run with one lane: prepare_run, deploy, a real worker process that TPE tells what to
try, collect. Only the gate's verdict may differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from scorer_core.context import RunContext
from scorer_core.errors import PoolError
from scorer_core.gate.verdict import Verdict
from scorer_core.ledger.records import study_name
from scorer_core.pool.files import npz_bytes
from scorer_core.pool.split import in_search
from scorer_core.pool.survivors import Pool, load_pool
from scorer_core.run.slot import Slot
from scorer_core.run.trials import read_trials
from scorer_core.steps.collect import collect
from scorer_core.steps.deploy_worker import deploy_worker
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.trial_lane import trial_lane
from tests.scorer_core.steps.installation import journal_of, make_run
from tests.support.prepared import make_node, make_settings, write_pool
from tests.support.runs import sample_pool

pytestmark = pytest.mark.slow

TRIALS = 13  # ten at random, then three by TPE
SEARCH: dict[str, Any] = {"n_trials": TRIALS, "sample_size": 2000, "search": "tpe", "seed": 2}
TIMES = ("started_at", "finished_at", "seconds")


@dataclass(frozen=True)
class Seen:
    """Everything that a run left before its gate, the times alone left out."""

    search_pool: bytes
    pool_sha256: str
    trials: list[dict[str, Any]]
    journal: list[dict[str, Any]]
    collected: dict[str, Any]
    study: list[tuple[Any, ...]]


def turned_round(pool: Pool) -> Pool:
    """Return the pool with every label of a holdout row turned round."""
    minority = np.where(in_search(pool.seeds), pool.minority, ~pool.minority)
    return Pool(pool.seeds, minority, pool.trial_number)


def shuffled(pool: Pool) -> Pool:
    """Return the pool with the labels of its holdout rows dealt out anew."""
    minority, holdout = pool.minority.copy(), ~in_search(pool.seeds)
    minority[holdout] = np.random.default_rng(0).permutation(minority[holdout])
    return Pool(pool.seeds, minority, pool.trial_number)


def turn_file_round(path: Path) -> None:
    pool = load_pool(path)
    labels = (~pool.minority).astype("u1")
    path.write_bytes(npz_bytes({"seeds": pool.seeds, "skip_mode": labels, "trial_number": pool.trial_number}))


def ruin(path: Path) -> None:
    path.write_bytes(b"these are no rows")


def searched(home: Path, pool: Pool, spoil: Callable[[Path], None] = lambda path: None) -> RunContext:
    """Run everything that comes before the gate, with one lane; `spoil` is given the holdout once it is written."""
    settings = make_settings(home, make_node(home, "head", head=True, gpu={"vendor": "nvidia", "count": 1}))
    write_pool(settings, pool)
    context = make_run(settings, **SEARCH)
    spoil(Path(context.files.holdout_pool.where))
    deploy_worker(context, "head")
    trial_lane(context, Slot("head", 0), sleep=lambda _seconds: None)
    collect(context, context.inventory())
    return context


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in TIMES}


def seen(context: RunContext) -> Seen:
    study = optuna.load_study(study_name=study_name("run-1"), storage=context.settings.database_url)
    return Seen(
        search_pool=context.files.search_pool.read_bytes(),
        pool_sha256=context.record.pool_sha256,
        trials=[timeless(trial.to_json()) for trial in read_trials(context.files)],
        journal=[timeless(json.loads(line)) for line in journal_of(context, "head").read_text().splitlines()],
        collected=context.files.collected.read_json(),
        study=[(one.number, one.state, one.value, one.params, timeless(one.user_attrs)) for one in study.trials],
    )


@pytest.fixture(scope="module", autouse=True)
def one_gpu() -> Iterator[None]:
    """This machine, as a rig, has one GPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCORER_RIG_GPUS", "nvidia:1")
        yield


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    return searched(tmp_path_factory.mktemp("clean"), sample_pool())


@pytest.fixture(scope="module")
def clean_seen(clean: RunContext) -> Seen:
    found = seen(clean)
    assert quality_gate(clean).verdict is Verdict.PUBLISH
    return found


@pytest.mark.parametrize("poison", [turned_round, shuffled])
def test_other_labels_of_the_holdout_change_the_verdict_and_nothing_before_it(
    clean_seen: Seen, tmp_path: Path, poison: Callable[[Pool], Pool]
) -> None:
    context = searched(tmp_path, poison(sample_pool()))

    assert seen(context) == clean_seen
    assert [len(part) for part in (clean_seen.trials, clean_seen.journal, clean_seen.study)] == [TRIALS] * 3
    assert quality_gate(context).verdict is not Verdict.PUBLISH


def test_labels_that_are_turned_round_in_the_holdouts_file_change_the_verdict_and_nothing_before_it(
    clean_seen: Seen, tmp_path: Path
) -> None:
    context = searched(tmp_path, sample_pool(), turn_file_round)

    assert seen(context) == clean_seen
    assert quality_gate(context).verdict is not Verdict.PUBLISH


def test_a_ruined_holdout_stops_the_gate_and_nothing_before_it(clean_seen: Seen, tmp_path: Path) -> None:
    context = searched(tmp_path, sample_pool(), ruin)

    assert seen(context) == clean_seen
    with pytest.raises(PoolError, match=r"holdout\.npz"):
        quality_gate(context)
    assert not context.files.verdict.exists()


def test_one_label_of_a_search_row_is_noticed(clean_seen: Seen, tmp_path: Path) -> None:
    """The comparison above is not blind."""
    pool = sample_pool()
    minority = pool.minority.copy()
    first = np.flatnonzero(in_search(pool.seeds))[0]
    minority[first] = ~minority[first]
    context = searched(tmp_path, Pool(pool.seeds, minority, pool.trial_number))

    found = seen(context)
    assert found.search_pool != clean_seen.search_pool
    assert found.pool_sha256 != clean_seen.pool_sha256
    assert found.trials != clean_seen.trials
