"""A run in a few lines, as its page in the Airflow UI shows them: the verdict, and the nodes that were left out."""

from __future__ import annotations

from sqlalchemy import Engine

from scorer_core.fleet.deployed import failed_in
from scorer_core.ledger import health
from scorer_core.ledger.records import RunRecord
from scorer_core.ledger.runs import find_run, unknown_run
from scorer_core.ledger.verdicts import settled
from scorer_core.views.discreet import discreet

MOST = 1000
"""Characters that Airflow keeps of a note."""
_MOST_OF_A_NODE = 160
_MOST_OF_A_VERDICT = 400
"""Characters that a verdict has beside nodes that were left out, however many they are."""
NO_RUN = "No run was made, and nothing was searched. The log of prepare_run says why."
_UNDECIDED = "No verdict: the run ended before the gate could decide. The log of the first red task says why."


def note_of(engine: Engine, run_id: str) -> str:
    """Return the note of a run that has ended; `engine` is that of the ledger.

    Raises:
        RunNotFound: the ledger does not know the run.
    """
    run, verdict = find_run(engine, run_id), settled(engine, run_id)
    if run is None:
        raise unknown_run(run_id)
    reason = "" if verdict is None or verdict.decision is None else str(verdict.decision.get("reason", ""))
    told = _UNDECIDED if verdict is None else f"{verdict.verdict}: {reason}" if reason else verdict.verdict
    nodes = sorted(left_out(engine, run).items())
    out = "".join(f"\n\n{node} was left out: {_shown(node, why)}" for node, why in nodes)[: MOST - _MOST_OF_A_VERDICT]
    return discreet(told)[: MOST - len(out)] + out


def left_out(engine: Engine, run: RunRecord) -> dict[str, str]:
    """Return which nodes did not pass while a run went, and which were taken out of it, each with why."""
    with engine.connect() as connection:
        taken_out = health.taken_out(connection, run.run_id)
    return {**taken_out, **failed_in(engine, run)}


def _shown(node: str, reason: str) -> str:
    return discreet(reason.removeprefix(f"{node}: "), _MOST_OF_A_NODE)
