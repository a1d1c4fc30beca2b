"""What a command printed on a rig, as JSON; or the error that says why it did not."""

from __future__ import annotations

import json
from typing import Any

from scorer_core.errors import RigLost, RigUnfit
from scorer_core.transport.port import RigTransport


def json_answer(
    transport: RigTransport, command: str, what: str, *, stdin: bytes = b"", timeout_s: float = 60.0
) -> Any:
    """Run a command and return the JSON that it printed.

    Raises:
        RigUnfit: it failed, or printed something else; `what` names it in the message.
        RigError: another kind of it, when the link is the trouble.
    """
    done = transport.run(command, stdin=stdin, timeout_s=timeout_s)
    if done.exit_code:
        raise RigUnfit(transport.node.name, f"{what} failed with exit code {done.exit_code}: {tail(done.stderr)}")
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise RigUnfit(transport.node.name, f"{what} printed no JSON but: {tail(done.stdout)}") from None


def last_words(node: str, lost: RigLost) -> RigLost | RigUnfit:
    """Return the error that the worker itself reported on its way out, if it did."""
    said = str(lost).rpartition("\n")[2]
    start = said.find('{"error"')
    try:
        return RigUnfit(node, str(json.loads(said[start:])["message"])) if start >= 0 else lost
    except (ValueError, KeyError):
        return lost


def tail(output: bytes) -> str:
    """Return the end of what a command printed, as text for a message."""
    return output.decode("utf-8", "replace").strip()[-500:]
