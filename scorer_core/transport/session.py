"""A session with one worker: hello is checked, then trials go in and results come out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import PurePosixPath

from scorer_core import errors
from scorer_core.cluster import Node
from scorer_core.errors import (
    ChecksumMismatch,
    ProtocolError,
    RequestError,
    RigBusy,
    RigError,
    RigLost,
    RigTimeout,
    TrialFailed,
)
from scorer_core.rig.health.check import Finding
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.protocol import (
    PING,
    AnyRequest,
    Hello,
    TrialResult,
    decode,
    encode_request,
    named,
)
from scorer_core.run.slot import Slot
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.transport import commands
from scorer_core.transport.claims import Lease, checked_claim, checked_hello
from scorer_core.transport.health import findings_of
from scorer_core.transport.port import Channel, RigTransport

OnHealth = Callable[[list[Finding]], None]
"""Is given what a worker found of its GPU."""
HELLO_TIMEOUT_S = 60.0
LOOK_S = 40.0
"""Seconds that a worker's first look at its GPU is waited for; its own limits end it before."""
PINGS_PER_SILENCE = 4


class WorkerSession:
    """Holds one worker process over one channel."""

    def __init__(
        self,
        channel: Channel,
        slot: Slot,
        *,
        worker_sha256: str,
        pool_sha256: str,
        silence_s: float,
        on_health: Callable[[dict[str, object]], None] | None = None,
    ) -> None:
        self._channel = channel
        self._on_health = on_health
        self._slot = slot
        self._worker_sha256, self._pool_sha256 = worker_sha256, pool_sha256
        self._silence_s = silence_s
        self._pinged = time.monotonic()

    @classmethod
    def start(
        cls,
        transport: RigTransport,
        slot: Slot,
        *,
        run_id: str,
        worker_sha256: str,
        pool_sha256: str,
        silence_s: float,
        cache_mb: int,
        health_s: float = 0.0,
        on_health: OnHealth | None = None,
        mask_policy: MaskPolicy = MaskPolicy.MAX_OFFSET,
    ) -> WorkerSession:
        """Start a worker on a slot and check who answers; `on_health` is given its looks at its GPU.

        Raises:
            RigError: a kind of it: unreachable, busy, or not the worker, pool or GPU that was asked for.
        """
        node = transport.node
        command = commands.serve(
            node.python,
            RigPaths(PurePosixPath(node.root)),
            node=node.name,
            run_id=run_id,
            gpu=slot.gpu,
            vendor=node.gpu.vendor,
            worker_sha256=worker_sha256,
            pool_sha256=pool_sha256,
            silence_s=silence_s,
            cache_mb=cache_mb,
            health_s=health_s,
            threads=node.threads,
            table=mask_policy.value if node.tables else None,
        )
        shas = {"worker_sha256": worker_sha256, "pool_sha256": pool_sha256}
        heard = _reader(node, slot, on_health)
        session = cls(transport.open(command), slot, **shas, silence_s=silence_s, on_health=heard)
        try:
            _check_hello(node, slot, session.hello(), **shas)
        except RigError:
            session.close()
            raise
        return session

    def hello(self) -> Hello:
        """Wait for the worker's first line."""
        try:
            kind, body = self._receive(HELLO_TIMEOUT_S)
            if kind != "hello":
                raise ProtocolError(self._slot.node, f"the worker's first message is {kind[:40]!r}, not a hello.")
            return checked_hello(body)
        except RequestError as error:
            raise ProtocolError(self._slot.node, str(error)) from None

    def first_look(self) -> None:
        """Wait for what the worker sees of its GPU before its first ticket; a look that takes long is not waited for.

        Raises:
            RigError: a kind of it: the worker ended, or says something else.
        """
        deadline = time.monotonic() + LOOK_S
        try:
            while (left := deadline - time.monotonic()) > 0:
                kind, body = self._receive(left)
                if kind == "health":
                    return self._heard(body)
                if kind != "heartbeat":
                    raise ProtocolError(self._slot.node, f"the worker's second message is {kind[:40]!r}, not its look.")
        except RigTimeout:
            return None
        except RequestError as error:
            raise ProtocolError(self._slot.node, str(error)) from None

    def run(self, request: AnyRequest, timeout_s: float) -> TrialResult:
        """Run one trial, shard or batch and return its result.

        Raises:
            TrialFailed: the worker reports an error for this one.
            RigTimeout: the worker is alive, but this one takes longer than `timeout_s` seconds.
            RigLost: the worker ended, or gives no sign of life: stopped, or cut off.
            ProtocolError: the worker answers something else.
        """
        self._channel.send(encode_request(request))
        try:
            kind, body = self._answer(named(request), timeout_s)
            if kind == "error":
                raise TrialFailed(f"{self._slot.label}: {_said(body.get('message'))}")
            if kind != "result":
                raise ProtocolError(self._slot.node, f"the worker answers {kind[:40]!r}, not a result.")
            return checked_claim(body, self._lease(request))
        except RequestError as error:
            raise ProtocolError(self._slot.node, str(error)) from None

    def keep_alive(self) -> None:
        """Tell an idle worker that its lane lives; call it at least every `silence_s` seconds."""
        if time.monotonic() - self._pinged >= self._silence_s / PINGS_PER_SILENCE:
            self._channel.send(PING)
            self._pinged = time.monotonic()

    def close(self) -> None:
        """End the worker."""
        self._channel.close()

    def _lease(self, request: AnyRequest) -> Lease:
        return Lease(request, self._slot.node, self._slot.gpu, self._worker_sha256, self._pool_sha256)

    def _answer(self, asked: str, timeout_s: float) -> tuple[str, dict[str, object]]:
        """Return the first message that is no heartbeat."""
        deadline = time.monotonic() + timeout_s
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RigTimeout(self._slot.node, f"{asked} did not end within {timeout_s:g} s.")
            try:
                kind, body = self._receive(min(left, self._silence_s))
            except RigTimeout:
                if time.monotonic() >= deadline:
                    continue
                raise RigLost(
                    self._slot.node, f"no sign of life for {self._silence_s:g} s: the worker is stopped or cut off."
                ) from None
            if kind == "health":
                self._heard(body)
            elif kind != "heartbeat":
                return kind, body
            self.keep_alive()

    def _heard(self, body: dict[str, object]) -> None:
        if self._on_health is not None:
            self._on_health(body)

    def _receive(self, timeout_s: float) -> tuple[str, dict[str, object]]:
        try:
            return decode(self._channel.receive_line(timeout_s))
        except RigLost as lost:
            raise _from_worker(self._slot.node, lost) from None


def _reader(node: Node, slot: Slot, on_health: OnHealth | None) -> Callable[[dict[str, object]], None]:
    """Return what checks a worker's message about its GPU, and hands on what it found."""

    def heard(said: dict[str, object]) -> None:
        found = findings_of(node, said, slot.gpu)
        if on_health is not None:
            on_health(found)

    return heard


def _said(message: object) -> str:
    return message if isinstance(message, str) else "an error without a message"


def _from_worker(node: str, lost: RigLost) -> RigError:
    """Return the error that the worker itself reported on its way out, if it did."""
    tail = str(lost).rpartition("\n")[2]
    start = tail.find('{"error"')
    if start < 0:
        return lost
    try:
        report = json.loads(tail[start:])
        message = report["message"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return lost
    kinds: dict[str, type[RigError]] = {"RigBusy": RigBusy, "ChecksumMismatch": ChecksumMismatch}
    kind = kinds.get(str(report.get("error")), errors.RigLost)
    return kind(node, _said(message).removeprefix(f"{node}: "))


def _check_hello(node: Node, slot: Slot, hello: Hello, worker_sha256: str, pool_sha256: str) -> None:
    seen = (hello.worker_sha256, hello.pool_sha256)
    if seen != (worker_sha256, pool_sha256):
        raise ChecksumMismatch(node.name, "the worker runs other code or another pool than this run deployed.")
    if hello.gpu != slot.gpu:
        raise ProtocolError(node.name, f"the worker is bound to gpu {hello.gpu}, not {slot.gpu}.")
