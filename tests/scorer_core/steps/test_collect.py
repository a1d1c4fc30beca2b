"""Given what lanes left behind: journals, ledger and study are made to agree, or the run says why not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import AuthenticationFailed, RunNotFound, Unreconciled
from scorer_core.ledger.drains import active_drains
from scorer_core.rig import journal
from scorer_core.run.collected import Collected
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind, TicketState, read_trials
from scorer_core.steps.collect import collect
from scorer_core.transport.port import RigTransport
from tests.scorer_core.steps.installation import LEASE, compute, journal_of, make_run, work
from tests.support.prepared import make_node, make_settings


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    """A run of six trials on two nodes."""
    return make_run(make_settings(tmp_path))


def reconcile(context: RunContext) -> Collected:
    return collect(context, context.inventory())


def fail_for_good(context: RunContext, error: str) -> None:
    """Let the next ticket fail until the ledger gives it up."""
    run_id, slot = context.run_id, Slot("head", 0)
    state = TicketState.OPEN
    while state is TicketState.OPEN:
        ticket = context.ledger.claim(run_id, slot, LEASE)
        assert ticket is not None
        state = context.ledger.fail_attempt(
            run_id, ticket.number, slot, FailureKind.FAILED, error, attempt=ticket.attempts
        )


def test_a_finished_run_is_written_down_whole(context: RunContext) -> None:
    work(context)

    outcome = reconcile(context)

    assert (outcome.budget, outcome.executed, outcome.collected, outcome.reported) == (6, 6, 6, 6)
    assert (outcome.recovered, outcome.failed, outcome.torn_lines, outcome.unreachable) == (0, 0, 0, {})
    assert outcome.journalled == {"head": 3, "rig-a": 3}
    assert context.files.collected.read_json() == dataclasses.asdict(outcome)
    trials = read_trials(context.files)
    assert [trial.number for trial in trials] == list(range(6))
    assert {(trial.state, trial.sample_size) for trial in trials} == {("done", 200)}
    assert {trial.worker_sha256 for trial in trials} == {context.record.worker_sha256}


def test_collecting_twice_gives_the_same(context: RunContext) -> None:
    work(context)

    first = reconcile(context)
    written = context.files.trials.read_bytes()

    assert reconcile(context) == first
    assert context.files.trials.read_bytes() == written


def test_a_result_whose_reply_was_lost_is_recovered_from_the_journal(context: RunContext) -> None:
    work(context, 4)
    lost = [compute(context, "head", 1), compute(context, "rig-a", 1)]
    assert context.ledger.counts("run-1")[TicketState.LEASED] == 2

    outcome = reconcile(context)

    assert (outcome.executed, outcome.recovered, outcome.collected, outcome.reported) == (6, 2, 6, 6)
    tickets = {ticket.number: ticket for ticket in context.ledger.tickets("run-1")}
    assert [tickets[result.trial_number].result for result in lost] == lost
    assert reconcile(context).recovered == 0


def test_a_torn_last_line_costs_that_line_alone_and_is_counted(context: RunContext) -> None:
    work(context)
    with journal_of(context, "head").open("ab") as stream:
        stream.write(b'{"type": "result", "schema": 1, "trial_num')

    outcome = reconcile(context)

    assert (outcome.torn_lines, outcome.executed, outcome.journalled["head"]) == (1, 6, 3)


def test_a_line_torn_in_the_middle_of_a_character_is_counted_too(context: RunContext) -> None:
    work(context)
    with journal_of(context, "rig-a").open("ab") as stream:
        stream.write('{"type": "result", "node": "Zü'.encode()[:-1] + b"\n")

    assert reconcile(context).torn_lines == 1


def test_a_journal_that_contradicts_the_ledger_costs_the_rig_that_is_wrong(context: RunContext) -> None:
    work(context)
    done = context.ledger.tickets("run-1")[3].result
    assert done is not None
    liar = "rig-a" if done.node == "head" else "head"
    other = dataclasses.replace(done, node=liar, evaluation={**done.evaluation, "objective": 0.75})
    journal.append(journal_of(context, liar), other)

    outcome = reconcile(context)

    assert set(outcome.distrusted) == set(outcome.taken_out) == {liar}
    assert "trial 3: it says {'objective': 0.75}" in outcome.distrusted[liar]
    assert context.ledger.tickets("run-1")[3].result == done, "the honest answer stands"
    assert (outcome.executed, outcome.collected) == (6, 6)
    assert {trial.node for trial in read_trials(context.files)} == {done.node, "in-process"}
    assert reconcile(context) == dataclasses.replace(outcome, checked=6), "again it is the same"


def test_a_recorded_lie_is_found_out_by_the_journal_that_contradicts_it(context: RunContext) -> None:
    work(context, 5)
    honest = compute(context, "head")
    lie = dataclasses.replace(honest, node="rig-a", evaluation={**honest.evaluation, "objective": 0.75})
    context.ledger.record("run-1", lie)

    outcome = reconcile(context)

    assert set(outcome.distrusted) == {"rig-a"}
    assert read_trials(context.files)[5].objective == honest.evaluation["objective"]


def test_a_node_that_cannot_be_read_is_named_and_its_recorded_results_still_count(tmp_path: Path) -> None:
    nodes = [make_node(tmp_path, "head"), make_node(tmp_path, "rig-a", python="python0.9")]
    context = make_run(make_settings(tmp_path, *nodes))
    work(context)

    outcome = reconcile(context)

    assert set(outcome.unreachable) == {"rig-a"}
    assert "reading the journals failed with exit code 127" in outcome.unreachable["rig-a"]
    assert (outcome.executed, outcome.collected, outcome.reported) == (6, 3, 6)
    assert outcome.journalled == {"head": 3}


def test_a_node_that_no_connection_can_be_made_to_is_named_and_the_others_are_read(
    context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(context)
    connect = RunContext.connect

    def refuse_one(self: RunContext, node: str) -> RigTransport:
        if node == "head":
            raise AuthenticationFailed(node, "there is no Airflow Connection nobody")
        return connect(self, node)

    monkeypatch.setattr(RunContext, "connect", refuse_one)

    outcome = reconcile(context)

    assert outcome.unreachable == {"head": "head: there is no Airflow Connection nobody"}
    assert (outcome.executed, outcome.journalled) == (6, {"rig-a": 3})


def test_a_node_that_never_worked_has_an_empty_journal_and_is_not_unreachable(context: RunContext) -> None:
    work(context, nodes=("head",))

    outcome = reconcile(context)

    assert outcome.journalled == {"head": 6, "rig-a": 0}
    assert outcome.unreachable == {}


def test_journals_of_another_run_are_left_alone(context: RunContext) -> None:
    other = make_run(context.settings, "run-2", seed=2)
    work(other)
    work(context)

    assert reconcile(context).journalled == {"head": 3, "rig-a": 3}


def test_tickets_that_nobody_finished_are_named(context: RunContext) -> None:
    work(context, 3)
    context.ledger.claim("run-1", Slot("rig-a", 1), LEASE)

    with pytest.raises(Unreconciled, match=r"3 of 6 tickets are unaccounted for \(trials 3, 4, 5\).*clear the failed"):
        reconcile(context)

    assert [trial.state for trial in read_trials(context.files)] == ["done"] * 3 + ["leased", "open", "open"]
    assert context.files.collected.read_json()["executed"] == 3


def test_of_many_unaccounted_tickets_the_first_ten_are_named(tmp_path: Path) -> None:
    context = make_run(make_settings(tmp_path), n_trials=40)

    with pytest.raises(Unreconciled, match=r"40 of 40 .*\(trials 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 …\)"):
        reconcile(context)


def test_too_few_completed_trials_are_refused_with_the_first_error(context: RunContext) -> None:
    fail_for_good(context, "trial 0: out of memory")
    work(context, 5)

    with pytest.raises(
        Unreconciled, match=r"only 5 of 6 trials completed \(83\.3%\), min_completion is 95\.0%.*out of m"
    ):
        reconcile(context)

    assert context.files.collected.read_json()["failed"] == 1
    assert context.files.trials.read_json_lines()[0]["error"] == "trial 0: out of memory"


def test_a_failed_trial_within_bounds_is_accounted_for_and_is_in_the_study_as_failed(tmp_path: Path) -> None:
    context = make_run(make_settings(tmp_path), min_completion=0.8)
    fail_for_good(context, "boom")
    work(context, 5)

    outcome = reconcile(context)

    assert (outcome.executed, outcome.failed, outcome.reported) == (5, 1, 5)


def test_a_run_that_nobody_prepared_cannot_be_collected(context: RunContext) -> None:
    with pytest.raises(RunNotFound, match="'run-9'"):
        RunContext.load("run-9", context.settings)


LIES = (
    {"objective": 0.9},
    {"objective": "0.9"},
    {"reason": "because"},
    {"pass_rates": None},
    {"params": {"residue_mod_1": 40}, "number": 99, "state": "failed", "attempts": 0, "node": "x", "extra": 1},
)


@pytest.mark.parametrize("lie", LIES, ids=[",".join(lie) for lie in LIES])
def test_an_answer_that_the_head_does_not_compute_costs_its_rig_and_not_the_run(
    context: RunContext, lie: dict[str, object]
) -> None:
    """However it came into the ledger."""
    work(context, 5)
    honest = compute(context, "head")
    context.ledger.record("run-1", dataclasses.replace(honest, evaluation={**honest.evaluation, **lie}))
    journal_of(context, "head").unlink()

    outcome = reconcile(context)

    trial = read_trials(context.files)[5]
    assert set(outcome.distrusted) == {"head"}
    assert (trial.number, trial.state, trial.node, trial.attempts) == (5, TicketState.DONE, "in-process", 2)
    assert trial.params == context.ledger.tickets("run-1")[5].params
    assert trial.objective == honest.evaluation["objective"]
    assert "extra" not in context.files.trials.read_json_lines()[5]


def test_a_journal_speaks_for_its_own_rig_alone(context: RunContext) -> None:
    work(context, 5)
    lost = compute(context, "head", 1)
    journal_of(context, "head", 1).unlink()
    journal.append(journal_of(context, "head", 1), dataclasses.replace(lost, node="rm -rf $(HOME)"))

    with pytest.raises(Unreconciled, match="trials 5"):
        reconcile(context)

    outcome = Collected.from_json(context.files.collected.read_json())
    assert outcome.torn_lines == 0
    assert outcome.refused["head"].startswith("1 lines of its journals, the first: the answer says that it is of an")


@pytest.mark.parametrize(("setting", "drained"), [("tell", []), ("drain", ["rig-a"])])
def test_a_rig_that_was_slow_is_named_and_drained_where_the_setting_says_so(
    tmp_path: Path, setting: str, drained: list[str]
) -> None:
    context = make_run(make_settings(tmp_path, slow_rig=setting), n_trials=20)
    for number in range(20):
        node, seconds = ("rig-a", 3.0) if number % 2 else ("head", 1.0)
        slow = dataclasses.replace(compute(context, node), seconds=seconds)
        context.ledger.record(context.run_id, slow)

    outcome = reconcile(context)

    assert list(outcome.slow) == ["rig-a"]
    assert outcome.slow["rig-a"].startswith("rig-a takes 3.0 times as long as the others")
    assert Collected.from_json(context.files.collected.read_json()) == outcome
    assert [one.place for one in active_drains(context.ledger.engine)] == drained
