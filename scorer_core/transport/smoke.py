"""The smoke test: a node answers on the whole pool as the head does, and shows how fast it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from scorer_core.cluster import Node
from scorer_core.errors import RequestError, RigLost, RigUnfit
from scorer_core.pool.survivors import Pool
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.protocol import Request, encode_request
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from scorer_core.scoring.sweep.shards import HIGH, LOW, SAMPLE_NUMBER, ShardRequest
from scorer_core.scoring.trial import TrialRequest, evaluate
from scorer_core.transport import commands
from scorer_core.transport.answers import last_words
from scorer_core.transport.claims import checked_shard
from scorer_core.transport.port import Channel, RigTransport

SILENCE_S = 3600.0
"""How long one answer may take: a slice of the largest pool on a slow node that maps no table."""
PATIENCE = 10.0
"""How many times longer than estimated a trial may take before it counts as timed out."""
SHORTEST_S, LONGEST_S = 60.0, 6 * 3600.0
"""Between these lies every time-out that is derived."""

SMOKE_REQUEST = TrialRequest(
    trial_number=0,
    params=completed(
        {"residue_mod_1": 9, "residue_mod_2": 100, "residue_mod_3": 1000, "max_offset": 9}, MaskPolicy.MAX_OFFSET
    ),
    sample_size=None,
    mask_policy=MaskPolicy.MAX_OFFSET,
)


@dataclass(frozen=True)
class Work:
    """A ticket of a run, as `part`, which a node is timed with, and how many such parts the ticket has."""

    part: Request = SMOKE_REQUEST
    parts: int = 1

    @classmethod
    def of(cls, ticket: Request) -> Work:
        """Take one value of `residue_mod_3` of a shard, the one with the most voters; a trial as it is."""
        if not isinstance(ticket, ShardRequest):
            return cls(ticket)
        moduli = ticket.grid.moduli(3)
        return cls(replace(ticket, params={**ticket.params, LOW: moduli[0], HIGH: moduli[0]}), len(moduli))


def smoke_test(
    transport: RigTransport,
    *,
    worker_sha256: str,
    pool_sha256: str,
    pool: Callable[[], Pool],
    table: str | None,
    work: Work,
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Compare answers of a node with our own, to the last bit; return the seconds that a ticket takes there, at most.

    The node has just begun: it knows nothing of the pool yet, as with the first ticket of a lane.

    Raises:
        RigUnfit: the node fails, or answers something else.
        RigError: another kind of it, when the link is the trouble.
    """
    node = transport.node
    command = commands.check(
        node.python,
        RigPaths(PurePosixPath(node.root)),
        node=node.name,
        worker_sha256=worker_sha256,
        pool_sha256=pool_sha256,
        threads=node.threads,
        table=table,
    )
    channel = transport.open(command)
    try:
        _line(channel, node)
        started = clock()
        timed = _ask(channel, node, work.part)
        seconds = clock() - started
        known = _ask(channel, node, SMOKE_REQUEST)
    except RigLost as lost:
        raise last_words(node.name, lost) from None
    finally:
        channel.close()
    rows = pool()
    _compare(node, known, evaluate(rows, SMOKE_REQUEST).to_json())
    _compare_work(node, timed, rows, work.part)
    return seconds * work.parts


def derived_timeout_s(estimate_s: float, node: Node, cores: int) -> float:
    """Return how long a ticket may take on a node, all of whose slots share its cores."""
    shared = max(1.0, node.slots * node.threads / max(cores, 1))
    return min(max(PATIENCE * estimate_s * shared, SHORTEST_S), LONGEST_S)


def _ask(channel: Channel, node: Node, request: Request) -> Any:
    channel.send(encode_request(request))
    return _line(channel, node)


def _line(channel: Channel, node: Node) -> Any:
    line = channel.receive_line(SILENCE_S)
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise RigUnfit(node.name, f"the smoke test printed no JSON but: {line[-500:]!r}") from None


def _compare(node: Node, answer: Any, expected: Any) -> None:
    if answer != expected:
        raise RigUnfit(
            node.name, f"the smoke test's answer is {str(answer)[:500]}, expected {expected}. Check numpy there."
        )


def _compare_work(node: Node, answer: Any, rows: Pool, part: Request) -> None:
    """Compare a trial whole, and of a shard the number of its configs and the objective of the best."""
    if not isinstance(part, ShardRequest):
        return _compare(node, answer, evaluate(rows, part).to_json())
    try:
        outcome = checked_shard(answer, part.grid)
    except RequestError as error:
        raise RigUnfit(node.name, f"the smoke test's answer is no shard's: {error}") from None
    params = completed(outcome.best.params(part.mask_policy), part.mask_policy)
    best = evaluate(rows, TrialRequest(SAMPLE_NUMBER, params, part.sample_size, part.mask_policy)).score
    told = outcome.configs, outcome.best.objective, outcome.best.kept
    return _compare(node, told, (part.grid.size, best.objective, best.subset_n))
