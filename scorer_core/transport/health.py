"""How a rig says that it is: asked for over the port or with a heartbeat, and believed about that one node alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import Field

from scorer_core.cluster import Node
from scorer_core.errors import RigLost, RigUnfit
from scorer_core.rig.health.check import Finding, Phase, Scope, State
from scorer_core.rig.health.table import CHECKS
from scorer_core.rig.paths import RigPaths
from scorer_core.transport import commands
from scorer_core.transport.answers import Answer, Text, last_words, parsed, read
from scorer_core.transport.port import Channel, RigTransport

MAX_FINDINGS = 4096
LOOK_TIMEOUT_S = 60.0
_LOOK = "the look at the rig"
_SCOPES = {check.name: check.scope for check in CHECKS if check.look is not None}
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
_Value = Annotated[float, Field(ge=-1e15, le=1e15)]


class _Found(Answer):
    check: _Name
    gpu: Annotated[int, Field(ge=0, lt=1024)] | None
    state: Annotated[str, Field(pattern="^(" + "|".join(state.value for state in State) + ")$")]
    reason: Text
    values: Annotated[dict[_Name, _Value], Field(max_length=8)]


class _Health(Answer):
    findings: Annotated[list[_Found], Field(max_length=MAX_FINDINGS)]


@contextmanager
def looking(
    transport: RigTransport, worker_sha256: str, phase: Phase, *, stale_s: float = 60.0
) -> Iterator[Callable[[], list[Finding]]]:
    """Have a rig look at itself and at each of its GPUs while it is asked for something else.

    Calling what is yielded waits for what it found. That raises:
        RigUnfit: it could not look, or answers something else.
        RigError: another kind of it, when the link is the trouble.
    """
    node = transport.node
    command = commands.health(
        node.python,
        RigPaths(PurePosixPath(node.root)),
        worker_sha256=worker_sha256,
        vendor=node.gpu.vendor,
        gpus=range(node.gpu.count),
        phase=phase,
        slots=node.slots,
        threads=node.threads,
        head_time=time.time(),
        stale_s=stale_s,
    )
    channel = transport.open(command)
    try:
        yield lambda: _found(channel, node)
    finally:
        channel.close()


def _found(channel: Channel, node: Node) -> list[Finding]:
    try:
        printed = channel.receive_line(LOOK_TIMEOUT_S)
    except RigLost as lost:
        raise last_words(node.name, lost) from None
    return findings_of(node, parsed(node.name, printed, _LOOK))


def findings_of(node: Node, said: Any, gpu: int | None = None) -> list[Finding]:
    """Return what a node says of itself; of one of its GPUs alone where one is named.

    Raises:
        RigUnfit: it is something else, or of another place.
    """
    found = read(node.name, said, _LOOK, _Health).findings
    for one in found:
        scope = _SCOPES.get(one.check)
        if scope is None or (one.gpu is None) != (scope is Scope.NODE):
            raise RigUnfit(node.name, f"the look at the rig answers a check that there is not: {one.check}.")
        if one.gpu is not None and (one.gpu >= node.gpu.count or gpu not in (None, one.gpu)):
            raise RigUnfit(node.name, f"the look at the rig answers for gpu {one.gpu}, which is not asked about.")
        if gpu is not None and one.gpu is None:
            raise RigUnfit(node.name, f"the look at gpu {gpu} answers for the node.")
    return [Finding(one.check, one.gpu, State(one.state), one.reason, one.values) for one in found]
