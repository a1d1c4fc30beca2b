"""collect: every node's journal, the ledger and the study of record are made to agree."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from scorer_core.cluster import Inventory
from scorer_core.context import RunContext
from scorer_core.engines import traits_of
from scorer_core.errors import RigError, RigUnfit, Unreconciled
from scorer_core.ledger.records import Failure, Ticket
from scorer_core.ledger.tables import TicketState
from scorer_core.pool.survivors import load_pool
from scorer_core.rig import journal
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.files import write_json, write_json_lines
from scorer_core.scoring.trial import EVALUATION_KEYS
from scorer_core.search.study import write_study
from scorer_core.search.swept import as_trials, sweep_record
from scorer_core.transport import commands
from scorer_core.transport.port import RigTransport

_MAX_NAMED = 10


@dataclass(frozen=True)
class Collected:
    """The reconciliation: counts of tickets and results, and what each node's journals held."""

    budget: int
    executed: int
    collected: int
    recovered: int
    reported: int
    failed: int
    torn_lines: int
    journalled: dict[str, int]
    unreachable: dict[str, str]
    taken_out: dict[str, str]


def collect(context: RunContext, inventory: Inventory | None) -> Collected:
    """Reconcile the run and write trials.jsonl, collected.json and the study of record.

    An unreachable node is no failure: what its lanes recorded is in the ledger. Without an
    inventory (a search in one process) there are no journals to read.

    Raises:
        ResultConflict: a journal holds another answer for a recorded trial.
        Unreconciled: a ticket is unaccounted for, or completion is below `min_completion`.
    """
    journals = _Journals()
    for node in () if inventory is None else inventory.nodes:
        with context.connect(node.name) as transport:
            journals.read(transport, context.run_id)
    recovered = _recover(context, journals.results)
    tickets = _trials(context)
    done = [ticket for ticket in tickets if ticket.state is TicketState.DONE]
    in_journals = {result.trial_number for result in journals.results}
    outcome = Collected(
        budget=context.spec.n_trials,
        executed=len(done),
        collected=len(done) if inventory is None else sum(ticket.number in in_journals for ticket in done),
        recovered=recovered,
        reported=write_study(context.settings.database_url, context.record, tickets),
        failed=sum(ticket.state is TicketState.FAILED for ticket in tickets),
        torn_lines=journals.torn,
        journalled=journals.counts,
        unreachable=journals.unreachable,
        taken_out=context.ledger.taken_out(context.run_id),
    )
    write_json_lines(context.paths.trials, _records(context, tickets, journals))
    write_json(context.paths.collected, asdict(outcome))
    _refuse_gaps(context, tickets, outcome)
    return outcome


def _trials(context: RunContext) -> list[Ticket]:
    """Return every ticket as a trial; a sweep's shards leave sweep.json behind and stand for their best configs."""
    tickets = context.ledger.tickets(context.run_id)
    spec = context.spec
    if not traits_of(spec.search).walks_grid:
        return tickets
    write_json(context.paths.sweep, sweep_record(tickets, spec.mask_policy))
    return as_trials(tickets, load_pool(context.paths.search_pool), spec.mask_policy)


def _records(context: RunContext, tickets: list[Ticket], journals: _Journals) -> list[dict[str, Any]]:
    """Return the account of every ticket: the lines of trials.jsonl."""
    failures: dict[int, list[Failure]] = {}
    for failure in context.ledger.failures(context.run_id):
        failures.setdefault(failure.number, []).append(failure)
    journalled_on: dict[int, set[str]] = {}
    for result in journals.results:
        journalled_on.setdefault(result.trial_number, set()).add(result.node)
    return [
        trial_record(ticket, failures.get(ticket.number, []), sorted(journalled_on.get(ticket.number, ())))
        for ticket in tickets
    ]


def trial_record(ticket: Ticket, failures: list[Failure], journalled_on: list[str]) -> dict[str, Any]:
    """Return one line of trials.jsonl; the fields are listed in docs/data-contracts.md."""
    record: dict[str, Any] = {
        "number": ticket.number,
        "state": ticket.state.value,
        "attempts": ticket.attempts,
        "failures": [asdict(failure) for failure in failures],
        "journalled_on": journalled_on,
        "params": ticket.params,
        "error": ticket.error,
    }
    result = ticket.result
    if result is not None:
        record |= {name: value for name, value in result.evaluation.items() if name in EVALUATION_KEYS}
        record |= {name: result.request[name] for name in ("sample_size", "mask_policy")}
        for name in ("node", "gpu", "worker_sha256", "pool_sha256", "started_at", "finished_at", "seconds"):
            record[name] = getattr(result, name)
    return record


class _Journals:
    """What the nodes' journals hold."""

    def __init__(self) -> None:
        self.results: list[TrialResult] = []
        self.counts: dict[str, int] = {}
        self.unreachable: dict[str, str] = {}
        self.torn = 0

    def read(self, transport: RigTransport, run_id: str) -> None:
        node = transport.node
        folder = RigPaths(PurePosixPath(node.root)).run(run_id)
        try:
            done = transport.run(commands.script(node.python, "journals", str(folder)))
            if done.exit_code:
                raise RigUnfit(node.name, "the journals cannot be read: " + done.stderr.decode(errors="replace"))
            texts: dict[str, str] = json.loads(done.stdout)
        except (RigError, ValueError) as error:
            self.unreachable[node.name] = str(error)
            return
        count = 0
        for text in texts.values():
            results, torn = journal.parse(line.encode() for line in text.split("\n"))
            self.results.extend(results)
            self.torn += torn
            count += len(results)
        self.counts[node.name] = count


def _recover(context: RunContext, results: list[TrialResult]) -> int:
    """Record what is journalled but not in the ledger; check the rest against it; return how many were new."""
    before = {ticket.number: ticket.state for ticket in context.ledger.tickets(context.run_id)}
    for result in results:
        context.ledger.record(context.run_id, result)
    return len({result.trial_number for result in results if before.get(result.trial_number) is not TicketState.DONE})


def _refuse_gaps(context: RunContext, tickets: list[Ticket], outcome: Collected) -> None:
    gaps = [ticket.number for ticket in tickets if ticket.state not in (TicketState.DONE, TicketState.FAILED)]
    if gaps:
        named = ", ".join(str(number) for number in gaps[:_MAX_NAMED]) + (" …" if len(gaps) > _MAX_NAMED else "")
        raise Unreconciled(
            f"{len(gaps)} of {outcome.budget} tickets are unaccounted for (trials {named}): no lane finished them. "
            "See the logs of trial_lane; clear the failed lanes to finish the run."
        )
    completion = outcome.executed / outcome.budget
    if completion < context.spec.min_completion:
        errors = sorted({ticket.error or "" for ticket in tickets if ticket.state is TicketState.FAILED})
        raise Unreconciled(
            f"only {outcome.executed} of {outcome.budget} trials completed ({completion:.1%}), "
            f"min_completion is {context.spec.min_completion:.1%}. The first error: {errors[0] if errors else '-'}"
        )
