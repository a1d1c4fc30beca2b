"""A run's journals on one node, read line by line: what is an answer to a ticket of ours, what is not, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from scorer_core.errors import RequestError, RigUnfit
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.protocol import TrialResult, decode
from scorer_core.transport import commands
from scorer_core.transport.answers import json_answer
from scorer_core.transport.claims import Lease, checked_claim
from scorer_core.transport.port import RigTransport

MAX_JOURNAL_BYTES = 2**30
"""What one node's journals of one run may come to: 10⁵ trials are 100 MB."""

LeaseOf = Callable[[int], Lease | None]
"""Of a ticket's number, what its answer must be to; None where the ticket was never asked of anybody."""


@dataclass
class Journals:
    """What one node's journals of a run hold.

    `torn` counts lines that are no message, as a power cut leaves them; `refused` has, of whole lines that are no
    answer to what was asked, the number and the first reason.
    """

    results: list[TrialResult] = field(default_factory=list)
    torn: int = 0
    refused: int = 0
    first_refusal: str = ""

    def take(self, line: str, lease_of: LeaseOf) -> None:
        """Take one line."""
        try:
            kind, body = decode(line.encode("utf-8", "surrogatepass"))
        except RequestError:
            self.torn += 1
            return
        try:
            self.results.append(_claim(kind, body, lease_of))
        except RequestError as error:
            self.refused += 1
            self.first_refusal = self.first_refusal or str(error)


def read_journals(transport: RigTransport, run_id: str, lease_of: LeaseOf) -> Journals:
    """Read the journals of a run on one node.

    Raises:
        RigUnfit: they cannot be read, or what came is none.
        RigError: another kind of it, when the link is the trouble.
    """
    node = transport.node
    folder = RigPaths(PurePosixPath(node.root)).run(run_id)
    command = commands.script(node.python, "journals", str(folder))
    texts = json_answer(transport, command, "reading the journals", limit_bytes=MAX_JOURNAL_BYTES)
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise RigUnfit(node.name, "reading the journals gave no texts by name.")
    found = Journals()
    for text in texts.values():
        for line in text.split("\n"):
            if line.strip():
                found.take(line, lease_of)
    return found


def _claim(kind: str, body: dict[str, Any], lease_of: LeaseOf) -> TrialResult:
    if kind != "result":
        raise RequestError(f"a journal holds results, not {kind[:40]!r}.")
    number = body.get("trial_number")
    lease = lease_of(number) if isinstance(number, int) and not isinstance(number, bool) else None
    if lease is None:
        raise RequestError(f"an answer to trial {str(number)[:40]}, which nobody was asked for.")
    return checked_claim(body, lease)
