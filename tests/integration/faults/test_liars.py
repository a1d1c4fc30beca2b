"""Given rigs that lie, one lie each, on one server: nothing false is recorded or published, and each liar is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from scorer_core.cluster import Inventory
from scorer_core.errors import ProtocolError
from scorer_core.ledger import health
from scorer_core.pool.survivors import Pool
from scorer_core.run.collected import Collected
from scorer_core.run.trials import Trial, read_trials
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.outcome import merge
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.scoring.trial import TrialRequest
from scorer_core.search.in_process import NODE
from scorer_core.steps.collect import collect
from tests.integration.faults.liars import lies
from tests.integration.faults.liars.checked import check_all
from tests.integration.faults.liars.deploying import DEPLOY
from tests.integration.faults.liars.runs import HONEST, SWEEP, with_liars, work, work_together
from tests.integration.faults.runs import Rigs, Run, assert_left_clean, rigs_up
from tests.integration.faults.slow_worker import slow_workers

SERVERS = ("simulated", "OpenSSH")
Note = Callable[[str], None]


@pytest.fixture(params=SERVERS)
def rigs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rigs]:
    """One server, of either kind; each rig is a folder on it."""
    simulated, openssh = ([HONEST], []) if request.param == "simulated" else ([], [HONEST])
    with rigs_up(tmp_path, *simulated, openssh=openssh) as rigs:
        yield rigs


@pytest.fixture(autouse=True)
def many_liars(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many liars in one run fail a ticket more often than any rig would: it is not to be given up for that."""
    monkeypatch.setattr(health, "MAX_FAILURES", 1000)


def assert_true(run: Run, also: Iterable[str] = ()) -> list[Trial]:
    """Assert that every trial's record is what the head computes, of the honest rig, the head, or some others."""
    scorer = PoolScorer.of(_pool(run))
    trials = read_trials(run.context.files)
    assert [trial.number for trial in trials] == list(range(run.context.spec.n_trials))
    for trial in trials:
        assert trial.node in (HONEST, NODE, *also)
        request = TrialRequest(trial.number, trial.params, trial.sample_size, run.context.spec.mask_policy)
        assert trial.evaluation == scorer.evaluate(request)
    assert_left_clean(run)
    return trials


def _pool(run: Run) -> Pool:
    return run.context.files.pool.read_pool()


def collected(run: Run) -> Collected:
    return collect(run.context, run.inventory)


LIVE_TRIALS = "a rig that lies about a trial"


@pytest.mark.fault(f"{LIVE_TRIALS}: malformed, or no answer to it ({len(lies.REFUSED_TRIALS)} lies)", servers="both")
def test_an_answer_that_is_malformed_or_to_something_else_is_refused(rigs: Rigs, outcome: Note) -> None:
    names = [f"trial: {name}" for name in lies.REFUSED_TRIALS]
    run, told = with_liars(rigs, names, "live", n_trials=len(names) + 5)

    errors = work(run, told)

    assert {told[label.split(" ")[0]] for label in errors} == set(names)
    assert {type(error) for error in errors.values()} == {ProtocolError}
    outcome_of = collected(run)
    assert_true(run)
    assert outcome_of.executed == len(names) + 5
    outcome("refused before anything is recorded: that lane ends and names its rig, the others do its trial")


@pytest.mark.fault(f"{LIVE_TRIALS}: with other numbers ({len(lies.FOUND_OUT_TRIALS)} lies)", servers="both")
def test_numbers_that_the_head_does_not_compute_are_found_out(rigs: Rigs, outcome: Note) -> None:
    names = [f"trial: {name}" for name in lies.FOUND_OUT_TRIALS]
    run, told = with_liars(rigs, names, "live", n_trials=90, workers=slow_workers())

    errors = work_together(run, told, 0.3)

    assert errors == {}
    found = collected(run)
    assert {told[liar] for liar in found.distrusted} == set(names)
    assert set(found.taken_out) == set(told)
    assert_true(run)
    outcome("the head's own computation finds each; the rig is taken out and its trials are computed on the head")


@pytest.mark.fault(f"a rig that lies about a shard: malformed ({len(lies.REFUSED_SHARDS)} lies)", servers="both")
def test_a_shard_that_is_malformed_or_of_another_part_of_the_space_is_refused(rigs: Rigs, outcome: Note) -> None:
    names = [f"shard: {name}" for name in lies.REFUSED_SHARDS]
    run, told = with_liars(rigs, names, "live", **SWEEP)

    errors = work(run, told)

    assert {told[label.split(" ")[0]] for label in errors} == set(names)
    assert {type(error) for error in errors.values()} == {ProtocolError}
    assert collected(run).executed == run.context.spec.n_trials
    assert_swept(run)
    outcome("refused before anything is recorded; the answer of the sweep is that without the liar")


@pytest.mark.fault(f"a rig that lies about a shard: other numbers ({len(lies.FOUND_OUT_SHARDS)} lies)", servers="both")
def test_a_shards_numbers_that_the_head_does_not_compute_are_found_out(rigs: Rigs, outcome: Note) -> None:
    names = [f"shard: {name}" for name in lies.FOUND_OUT_SHARDS]
    run, told = with_liars(rigs, names, "live", workers=slow_workers(), **SWEEP)

    errors = work_together(run, told, 0.1)

    assert errors == {}
    found = collected(run)
    assert {told[liar] for liar in found.distrusted} <= set(names)
    assert found.distrusted
    assert_swept(run)
    outcome("each that would have changed the answer is found; the answer of the sweep is that without the liar")


@pytest.mark.fault("a rig that hides its shards' winners", servers="both")
def test_a_hidden_winner_is_found_when_every_shard_is_swept_again(rigs: Rigs, outcome: Note) -> None:
    run, told = with_liars(rigs, ["shard: the winner hidden"], "live", settings={"verify": "all"}, **SWEEP)

    work(run, told)

    assert set(collected(run).distrusted) == set(told)
    assert_swept(run)
    outcome("with SCORER_VERIFY=all the rig is found out, and the answer is that without it")


@pytest.mark.fault(
    f"a rig that lies about its journals ({len(lies.JOURNALS) + len(lies.JOURNAL_LINES)} lies)", servers="both"
)
def test_journals_that_are_none_or_answer_what_nobody_asked_cost_their_rig_alone(rigs: Rigs, outcome: Note) -> None:
    names = [*lies.JOURNALS, *lies.JOURNAL_LINES]
    run, told = with_liars(rigs, names, "journals", n_trials=60, workers=slow_workers())

    errors = work_together(run, told, 0.3)

    assert errors == {}
    found = collected(run)
    assert {told[liar] for liar in found.unreachable} == set(lies.JOURNALS)
    assert {told[liar] for liar in found.refused} == set(lies.JOURNAL_LINES)
    assert found.distrusted == {}
    assert (found.executed, found.recovered, found.torn_lines) == (60, 0, 0)
    assert_true(run, told)
    outcome("named with what was wrong, and nothing of it recorded; what the lanes recorded stands")


@pytest.mark.fault("a rig with a run's files beside rigs that lie while they are deployed to", servers="both")
def test_a_rig_beside_those_that_lie_while_they_are_deployed_to_does_its_run(rigs: Rigs, outcome: Note) -> None:
    one_a_step = {name.partition(":")[0]: name for name in DEPLOY}
    run, told = with_liars(rigs, one_a_step.values(), "deploy", n_trials=5)

    checks = check_all(rigs, run.inventory, told)
    run.lanes(HONEST).join()

    assert checks[HONEST].error is None
    assert [told[name] for name in told if checks[name].error is None] == []
    honest = Inventory(nodes=tuple(node for node in run.inventory.nodes if node.name == HONEST))  # no liar had a lane
    assert collect(run.context, honest).executed == 5
    outcome("it does its run; each of the others is named")


def assert_swept(run: Run) -> None:
    """Assert that the sweep's answer is what the head alone computes."""
    spec, scorer = run.context.spec, PoolScorer.of(_pool(run))
    policy, count = spec.mask_policy, spec.n_trials
    cut = [shard_params(policy, number, spec.pinned, count) for number in range(count)]
    requests = (ShardRequest(number, params, policy) for number, params in enumerate(cut))
    true = merge(scorer.sweep(request) for request in requests)
    record = run.context.files.sweep.read_json()
    assert [one["objective"] for one in record["top"]] == [one.objective for one in true.top]
    assert record["by_reason"] == dict(true.counts)
    assert_left_clean(run)
