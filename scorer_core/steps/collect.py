"""collect: every node's journal, the ledger and the study of record are made to agree."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from scorer_core.cluster import Inventory
from scorer_core.context import RunContext
from scorer_core.engines import traits_of
from scorer_core.errors import RigError, Unreconciled
from scorer_core.fleet.deployed import known_down
from scorer_core.fleet.slow import tell_slow
from scorer_core.ledger.records import Ticket
from scorer_core.ledger.stops import give_up_rest
from scorer_core.ledger.trials import trial_of
from scorer_core.ledger.trust import distrusted
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.collected import Collected
from scorer_core.run.trials import Failure, TicketState, Trial, write_trials
from scorer_core.search.belief import Leases, Referee
from scorer_core.search.in_process import NODE
from scorer_core.search.recheck import Checked
from scorer_core.search.study import write_study
from scorer_core.search.swept import sweep_record, with_best_configs
from scorer_core.transport.journals import read_journals

_MAX_NAMED = 10


def collect(context: RunContext, inventory: Inventory | None) -> Collected:
    """Reconcile the run and write trials.jsonl, collected.json and the study of record.

    An unreachable node is no failure: what its lanes recorded is in the ledger; one that is known to be down, and has
    nothing that is missing, is not asked. A node whose answers are not what the head computes is taken out, and its
    tickets are computed here. Without an inventory (a search in one process) there are no journals to read, and nobody
    to doubt. What a stopped run did not try is given up, and the gate decides whether enough is there.

    Raises:
        Unreconciled: a ticket is unaccounted for, or completion is below `min_completion`.
    """
    journals = _Journals()
    if inventory is not None:
        journals.read_all(context, inventory)
    referee = Referee(context)
    recovered = referee.recover(journals.results)
    checked = referee.check() if inventory is not None else Checked()
    liars = distrusted(context.ledger.engine, context.run_id)
    journals.forget(liars)
    stopped = _given_up(context)
    trials = _trials(context, journals)
    done = [trial for trial in trials if trial.state is TicketState.DONE]
    found = Collected(
        budget=context.spec.n_trials,
        executed=len(done),
        collected=len(done) if inventory is None else sum(_is_kept(trial) for trial in done),
        recovered=recovered,
        reported=write_study(context.settings.database_url, context.record, trials),
        failed=sum(trial.state is TicketState.FAILED for trial in trials),
        torn_lines=journals.torn,
        journalled=journals.counts,
        unreachable=journals.unreachable,
        taken_out=context.ledger.taken_out(context.run_id),
        refused=journals.refused,
        distrusted=liars,
        checked=checked.answers,
        agreed=checked.agreed,
        stopped=stopped,
        slow=_slow(context, inventory),
    )
    write_trials(context.files, trials)
    context.files.collected.write_json(found.to_json())
    if not stopped:
        _refuse_gaps(context, trials, found)
    return found


def _given_up(context: RunContext) -> str:
    """Give up what a stopped run did not try; return who stopped it and when, empty where nobody did."""
    run = context.ledger.run(context.run_id)
    if run.stopped_at is None:
        return ""
    words = f"stopped by {run.stopped_by} at {run.stopped_at:%Y-%m-%d %H:%M:%S}Z"
    give_up_rest(context.ledger.engine, context.run_id, words)
    return words


def _slow(context: RunContext, inventory: Inventory | None) -> dict[str, str]:
    """Tell which rigs were slow, and drain them where the setting says so."""
    names = [] if inventory is None else [node.name for node in inventory.nodes]
    drain = context.settings.slow_rig == "drain"
    return tell_slow(context.ledger.engine, context.record, names, drain=drain) if names else {}


def _is_kept(trial: Trial) -> bool:
    """Say whether a trial's result is in a journal, or is the head's own."""
    return bool(trial.journalled_on) or trial.node == NODE


def _trials(context: RunContext, journals: _Journals) -> list[Trial]:
    """Return the account of every ticket."""
    failures: dict[int, list[Failure]] = {}
    for failure in context.ledger.failures(context.run_id):
        failures.setdefault(failure.number, []).append(failure)
    journalled_on: dict[int, set[str]] = {}
    for result in journals.results:
        journalled_on.setdefault(result.trial_number, set()).add(result.node)
    return [
        trial_of(ticket, failures.get(ticket.number, ()), sorted(journalled_on.get(ticket.number, ())))
        for ticket in _tickets(context)
    ]


def _tickets(context: RunContext) -> list[Ticket]:
    """Return every ticket; a sweep's shards leave sweep.json behind and stand for their best configs."""
    tickets = context.ledger.tickets(context.run_id)
    spec = context.spec
    if not traits_of(spec.search).walks_grid:
        return tickets
    context.files.sweep.write_json(sweep_record(tickets, spec))
    return with_best_configs(tickets, context.files.pool.read_pool(), spec)


class _Journals:
    """What the nodes' journals hold."""

    def __init__(self) -> None:
        self.results: list[TrialResult] = []
        self.counts: dict[str, int] = {}
        self.unreachable: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.torn = 0

    def read_all(self, context: RunContext, inventory: Inventory) -> None:
        """Read every node that is believed and, the first time, not known to be down: who asks again has mended it."""
        liars = distrusted(context.ledger.engine, context.run_id)
        leases = Leases.of_run(context)
        if not context.files.collected.exists():
            self.unreachable |= known_down(context.ledger, context.ledger.run(context.run_id), inventory)
        for node in inventory.nodes:
            if node.name not in liars and node.name not in self.unreachable:
                self.read(context, node.name, leases)

    def read(self, context: RunContext, node: str, leases: Leases) -> None:
        try:
            with context.connect(node) as transport:
                found = read_journals(transport, context.run_id, partial(leases.of, node))
        except RigError as error:
            self.unreachable[node] = str(error)
            return
        self.results.extend(found.results)
        self.torn += found.torn
        self.counts[node] = len(found.results)
        if found.refused:
            self.refused[node] = f"{found.refused} lines of its journals, the first: {found.first_refusal}"

    def forget(self, nodes: Collection[str]) -> None:
        """Take nothing of what these nodes' journals hold."""
        self.results = [result for result in self.results if result.node not in nodes]
        for node in nodes:
            self.counts.pop(node, None)


def _refuse_gaps(context: RunContext, trials: list[Trial], found: Collected) -> None:
    gaps = [trial.number for trial in trials if not trial.state.ended]
    if gaps:
        named = ", ".join(str(number) for number in gaps[:_MAX_NAMED]) + (" …" if len(gaps) > _MAX_NAMED else "")
        raise Unreconciled(
            f"{len(gaps)} of {found.budget} tickets are unaccounted for (trials {named}): no lane finished them. "
            "See the logs of trial_lane; clear the failed lanes to finish the run."
        )
    completion = found.executed / found.budget
    if completion < context.spec.min_completion:
        errors = sorted({trial.error or "" for trial in trials if trial.state is TicketState.FAILED})
        raise Unreconciled(
            f"only {found.executed} of {found.budget} trials completed ({completion:.1%}), "
            f"min_completion is {context.spec.min_completion:.1%}. The first error: {errors[0] if errors else '-'}"
        )
