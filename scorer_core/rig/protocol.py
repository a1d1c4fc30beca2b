"""The worker's protocol: JSON lines over stdin and stdout, a schema version in each.

The worker says `hello` once, then answers each `trial`, `shard` or `permutations` with a `result` or an
`error`. All the while it sends a `heartbeat` every few seconds, and the lane a `ping`: each side knows
when the other is gone, also when the network says nothing.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any

from scorer_core.errors import RequestError
from scorer_core.scoring.sweep.batches import PermutationRequest
from scorer_core.scoring.sweep.shards import ShardRequest
from scorer_core.scoring.trial import TrialRequest

SCHEMA_VERSION = 1
MAX_LINE_BYTES = 2**20

Request = TrialRequest | ShardRequest
"""What a ticket asks for: one config on a sample, or a shard of the space."""
AnyRequest = Request | PermutationRequest
"""What a worker answers: a ticket, or a batch of permutations beside the budget."""


@dataclass(frozen=True)
class Hello:
    """Who the worker is: what it runs, on what, and the versions it found."""

    worker_sha256: str
    pool_sha256: str
    gpu: int
    rows: int
    pid: int
    host: str
    python: str
    numpy: str


@dataclass(frozen=True)
class TrialResult:
    """One finished ticket, a trial or a shard, as journalled and answered; or a batch of permutations, as answered.

    `request` and `evaluation` are JSON objects; `started_at` and `finished_at` are ISO 8601 in UTC.
    """

    trial_number: int
    request: dict[str, Any]
    evaluation: dict[str, Any]
    node: str
    gpu: int
    worker_sha256: str
    pool_sha256: str
    started_at: str
    finished_at: str
    seconds: float

    def same_answer(self, other: TrialResult) -> bool:
        """Say whether two results agree in everything that does not depend on place and time."""
        return (self.trial_number, self.request, self.evaluation) == (
            other.trial_number,
            other.request,
            other.evaluation,
        )


def encode(kind: str, body: dict[str, Any]) -> bytes:
    """Return one line: the body with its type and schema version."""
    return json.dumps({"type": kind, "schema": SCHEMA_VERSION, **body}, allow_nan=False).encode() + b"\n"


PING = encode("ping", {})
HEARTBEAT = encode("heartbeat", {})


def decode(line: bytes) -> tuple[str, dict[str, Any]]:
    """Return the type and the body of one line.

    Raises:
        RequestError: the line is too long, no JSON object, or of another schema version.
    """
    if len(line) > MAX_LINE_BYTES:
        raise RequestError(f"a message has more than {MAX_LINE_BYTES} bytes.")
    try:
        message = json.loads(line, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        raise RequestError("a message is not JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise RequestError("a message must be a JSON object with a type.")
    if message.get("schema") != SCHEMA_VERSION:
        raise RequestError(f"a message has schema {message.get('schema')!r}; this side speaks {SCHEMA_VERSION}.")
    return message["type"], {key: value for key, value in message.items() if key not in ("type", "schema")}


def encode_request(request: AnyRequest) -> bytes:
    """Return the line that asks a worker for something."""
    return encode(_kind_of(request), request.to_json())


def decode_request(kind: str, body: dict[str, Any]) -> AnyRequest:
    """Build the request that a line asks for.

    Raises:
        RequestError: it is neither a trial, a shard nor a batch of permutations, or its fields are wrong.
    """
    if kind == "trial":
        return TrialRequest.from_json(body)
    if kind == "shard":
        return ShardRequest.from_json(body)
    if kind == "permutations":
        return PermutationRequest.from_json(body)
    raise RequestError(f"a worker answers trials, shards and permutations, not {kind!r}.")


def hello_from_json(body: dict[str, Any]) -> Hello:
    """Build a hello; raises RequestError when a field is missing or unknown."""
    return Hello(**_exact(Hello, body))


def result_from_json(body: dict[str, Any]) -> TrialResult:
    """Build a result; raises RequestError when a field is missing or unknown."""
    return TrialResult(**_exact(TrialResult, body))


def to_body(message: Hello | TrialResult) -> dict[str, Any]:
    """Return a message's body as a JSON object."""
    return dataclasses.asdict(message)


def _finite(text: str) -> float:
    """Return a number; NaN and infinity, which JSON does not have, are no numbers."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def named(request: AnyRequest) -> str:
    """Return what a request is called in a message."""
    number = request.trial_number
    return f"batch {number} of permutations" if isinstance(request, PermutationRequest) else f"trial {number}"


def _kind_of(request: AnyRequest) -> str:
    if isinstance(request, PermutationRequest):
        return "permutations"
    return "shard" if isinstance(request, ShardRequest) else "trial"


def _exact(kind: type[Hello] | type[TrialResult], body: dict[str, Any]) -> dict[str, Any]:
    fields = {field.name for field in dataclasses.fields(kind)}
    if set(body) != fields:
        raise RequestError(f"a {kind.__name__} has the wrong fields: {sorted(set(body) ^ fields)}.")
    return body
