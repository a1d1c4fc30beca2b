"""What a deployment says of how a node is: kept in the ledger, whether it went well or not."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, func, select

from scorer_core.cluster import Inventory, Node
from scorer_core.errors import RigError, RigUnreachable
from scorer_core.ledger.checks import checked, note
from scorer_core.ledger.health import TRIALS
from scorer_core.ledger.tables import LaneRow, RunRow, TicketRow
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


def known_down(engine: Engine, run_id: str, inventory: Inventory) -> dict[str, str]:
    """Return the nodes of which a run has nothing to wait for, and why: they were down when they were last asked.

    A node that had a lane is asked all the same while a result is missing: its journals may hold it.
    """
    with engine.connect() as connection:
        began = connection.scalar(select(RunRow.created_at).where(RunRow.run_id == run_id))
        seen = select(LaneRow.node, func.max(LaneRow.seen_at)).where(LaneRow.run_id == run_id).group_by(LaneRow.node)
        last = {node: moment for node, moment in connection.execute(seen)}
        ended = select(func.count()).where(TicketRow.run_id == run_id, TicketRow.state != TicketState.DONE)
        whole = connection.scalar(ended) == 0
    names = {node.name for node in inventory.nodes}
    said = [one for one in checked(engine) if one.finding.check == REACHABLE and one.node in names]
    silent = [one for one in said if one.finding.state is State.FAILED]
    return {
        one.node: f"not asked again: {one.finding.reason}"
        for one in silent
        if began is not None
        and one.checked_at >= began
        and (one.node not in last or (whole and one.checked_at >= last[one.node]))
    }


def _of_error(error: RigError) -> list[Finding]:
    if isinstance(error, RigUnreachable):
        return [Finding(REACHABLE, None, State.FAILED, str(error))]
    return [Finding(REACHABLE, None, State.OK), Finding(FIT, None, State.FAILED, str(error))]
