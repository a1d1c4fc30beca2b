"""What a deployment says of how a node is: kept in the ledger, whether it went well or not."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, func, select

from scorer_core.cluster import Inventory, Node
from scorer_core.errors import RigError, RigUnreachable
from scorer_core.ledger.checks import checked, note
from scorer_core.ledger.drains import active_drains
from scorer_core.ledger.health import TRIALS
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.records import RunRecord
from scorer_core.ledger.tables import LaneRow
from scorer_core.rig.health.check import Finding, State
from scorer_core.run.trials import TicketState
from scorer_core.transport.deploy import NodeReport

REACHABLE, FIT = "reachable", "fit"


def noted(writer: Engine, node: Node, deploy: Callable[[], NodeReport]) -> NodeReport:
    """Deploy to a node and return its report; keep what its checks found, and drain and lift what follows.

    A node that computes the known answer can work again: what failed trials in a row had drained is lifted.

    Raises:
        RigError: the deployment's own; it is kept, too.
    """
    try:
        report = deploy()
    except RigError as error:
        note_error(writer, node, error)
        raise
    note_report(writer, node, report)
    return report


def note_report(writer: Engine, node: Node, report: NodeReport) -> None:
    """Keep what a node's checks found when a deployment went well."""
    passed = [Finding(name, None, State.OK) for name in (REACHABLE, FIT)]
    works = [Finding(TRIALS, gpu, State.OK) for gpu in range(node.gpu.count)]
    note(writer, node.name, [*report.findings, *passed, *works])


def note_error(writer: Engine, node: Node, error: RigError) -> None:
    """Keep why a deployment to a node failed."""
    note(writer, node.name, _of_error(error))


def note_unreachable(writer: Engine, error: RigUnreachable) -> None:
    """Keep that a node cannot be reached: nobody has to find that out again by waiting."""
    note(writer, error.node, _of_error(error))


def known_down(ledger: Ledger, run: RunRecord, inventory: Inventory) -> dict[str, str]:
    """Return the nodes of which a run has nothing to wait for, and why: they were down when they were last asked.

    A node that had a lane is asked all the same while a result is missing: its journals may hold it.
    """
    seen = select(LaneRow.node, func.max(LaneRow.seen_at)).where(LaneRow.run_id == run.run_id).group_by(LaneRow.node)
    with ledger.engine.connect() as connection:
        last = {node: moment for node, moment in connection.execute(seen)}
    whole = not any(count for state, count in ledger.counts(run.run_id).items() if state is not TicketState.DONE)
    names = {node.name for node in inventory.nodes}
    said = [one for one in checked(ledger.engine) if one.finding.check == REACHABLE and one.node in names]
    return {
        one.node: f"not asked again: {one.finding.reason}"
        for one in said
        if one.finding.state is State.FAILED
        and one.checked_at >= run.created_at
        and (one.node not in last or (whole and one.checked_at >= last[one.node]))
    }


def left_out(ledger: Ledger, run: RunRecord) -> dict[str, str]:
    """Return the nodes on which a run had no lane, and why: they were drained, or their deployment failed."""
    worked = select(LaneRow.node).where(LaneRow.run_id == run.run_id).distinct()
    with ledger.engine.connect() as connection:
        lanes = set(connection.scalars(worked))
    found = {one.node: one.words for one in active_drains(ledger.engine) if one.gpu is None}
    found |= failed_in(ledger.engine, run)
    return {node: why.removeprefix(f"{node}: ") for node, why in sorted(found.items()) if node not in lanes}


def failed_in(engine: Engine, run: RunRecord) -> dict[str, str]:
    """Return the nodes that did not pass while a run went, and why.

    Of a check the ledger keeps the last answer: what another run found later is not told of this one.
    """
    return {
        one.node: one.finding.reason
        for one in checked(engine)
        if one.finding.check in (REACHABLE, FIT)
        and one.finding.state is State.FAILED
        and run.created_at <= one.checked_at <= (run.ended_at or one.checked_at)
    }


def _of_error(error: RigError) -> list[Finding]:
    if isinstance(error, RigUnreachable):
        return [Finding(REACHABLE, None, State.FAILED, str(error))]
    return [Finding(REACHABLE, None, State.OK), Finding(FIT, None, State.FAILED, str(error))]
