"""The table of a pool on a node, made there by the worker if it is missing, with progress in the log."""

from __future__ import annotations

import json
import logging
from pathlib import PurePosixPath

from scorer_core.errors import RigLost, RigUnfit
from scorer_core.rig.paths import RigPaths
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.text import printable
from scorer_core.transport import commands
from scorer_core.transport.answers import TableMade, TableProgress, last_words, read
from scorer_core.transport.port import Channel, RigTransport

log = logging.getLogger(__name__)

SILENCE_S = 600.0
"""How long making a table may say nothing: loading and hashing the largest pool, on a slow disk."""


def make_table(transport: RigTransport, worker_sha256: str, pool_sha256: str, policy: MaskPolicy) -> int:
    """Make a pool's table on a node unless it is there, whole, and return its size in bytes.

    Raises:
        RigUnfit: the node cannot make it; the message has what the worker said.
        RigError: another kind of it, when the link is the trouble.
    """
    node = transport.node
    command = commands.table(
        node.python,
        RigPaths(PurePosixPath(node.root)),
        worker_sha256=worker_sha256,
        pool_sha256=pool_sha256,
        mask_policy=policy.value,
        threads=node.threads,
    )
    channel = transport.open(command)
    try:
        return _followed(channel, node.name)
    except RigLost as lost:
        raise last_words(node.name, lost) from None
    finally:
        channel.close()


def _followed(channel: Channel, node: str) -> int:
    """Log each line of progress until the last one says how large the table is."""
    while True:
        line = channel.receive_line(SILENCE_S)
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            raise RigUnfit(node, f"making the table printed no JSON but: {line[-500:]!r}") from None
        if isinstance(said, dict) and "progress" in said:
            log.info("%s: table: %s", node, printable(read(node, said, "making the table", TableProgress).progress))
            continue
        made = read(node, said, "making the table", TableMade)
        log.info("%s: table of %.0f MB %s", node, made.bytes / 1e6, "made" if made.made else "is there")
        return made.bytes
