"""What a deployment says of how a node is: kept in the ledger, whether it went well or not."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from scorer_core.cluster import Node
from scorer_core.errors import RigError, RigUnreachable
from scorer_core.ledger.checks import note
from scorer_core.ledger.health import TRIALS
from scorer_core.rig.health.check import Finding, State
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
        note(writer, node.name, _of_error(error))
        raise
    passed = [Finding(name, None, State.OK) for name in (REACHABLE, FIT)]
    works = [Finding(TRIALS, gpu, State.OK) for gpu in range(node.gpu.count)]
    note(writer, node.name, [*report.findings, *passed, *works])
    return report


def _of_error(error: RigError) -> list[Finding]:
    if isinstance(error, RigUnreachable):
        return [Finding(REACHABLE, None, State.FAILED, str(error))]
    return [Finding(REACHABLE, None, State.OK), Finding(FIT, None, State.FAILED, str(error))]
