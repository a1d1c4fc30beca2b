"""The worker: one long-lived process bound to one GPU, trials in, results out."""

from __future__ import annotations

import os
import platform
import socket
import sys
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

import numpy as np

from scorer_core.errors import ChecksumMismatch, RequestError, TableError
from scorer_core.pool.survivors import load_pool
from scorer_core.rig import gpus, journal, lock
from scorer_core.rig.files import sha256_of
from scorer_core.rig.health.check import Phase
from scorer_core.rig.health.watch import Answer, Watch
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.protocol import HEARTBEAT, AnyRequest, Hello, TrialResult, decode, decode_request, encode, to_body
from scorer_core.rig.stdin import Leash
from scorer_core.rig.tables import mapped_table
from scorer_core.scoring.limits import CACHE_MB
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.batches import PermutationRequest

LANE_SILENCES = 3
BEATS_PER_SILENCE = 4


@dataclass(frozen=True)
class Assignment:
    """What a worker is told on its command line.

    `table` is the mask policy whose table it maps, if any; `health_s` the seconds between two looks at its GPU, or 0.
    """

    paths: RigPaths
    node: str
    run_id: str
    gpu: int
    vendor: gpus.GpuVendor
    worker_sha256: str
    pool_sha256: str
    silence_s: float
    cache_bytes: int
    table: str | None = None
    health_s: float = 0.0

    @property
    def lock(self) -> Path:
        """Return the lock that one worker a GPU may hold, whatever its run."""
        return Path(self.paths.lock(self.gpu))


@dataclass(frozen=True)
class Origin:
    """Where a result comes from: what it echoes of the process that computed it."""

    node: str
    gpu: int
    worker_sha256: str
    pool_sha256: str


def run_request(scorer: PoolScorer, request: AnyRequest, origin: Origin) -> TrialResult:
    """Compute one trial, shard or batch of permutations and say who computed it, when, and in how many seconds."""
    started, clock = datetime.now(timezone.utc), time.monotonic()
    evaluation = scorer.answer(request)
    return TrialResult(
        trial_number=request.trial_number,
        request=request.to_json(),
        evaluation=evaluation.to_json(),
        node=origin.node,
        gpu=origin.gpu,
        worker_sha256=origin.worker_sha256,
        pool_sha256=origin.pool_sha256,
        started_at=started.isoformat(),
        finished_at=datetime.now(timezone.utc).isoformat(),
        seconds=round(time.monotonic() - clock, 6),
    )


def serve(assignment: Assignment, requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until `requests` ends, or says nothing for three times `silence_s` seconds.

    Raises:
        RigBusy: another run's worker holds the GPU.
        ChecksumMismatch: this file, or the pool on this rig, is not what the lane asked for.
    """
    patience_s = LANE_SILENCES * assignment.silence_s
    leash = Leash(requests, patience_s)
    gpus.bind(assignment.vendor, assignment.gpu)
    identity = f"{assignment.paths.run(assignment.run_id).name}/gpu{assignment.gpu}"
    with lock.hold(assignment.lock, node=assignment.node, identity=identity, stale_s=patience_s):
        watch = Watch(str(assignment.paths.root), assignment.vendor.value, assignment.gpu)
        first_look = watch.look(Phase.LANE) if assignment.health_s else None
        worker = Worker(assignment)
        _send(replies, encode("hello", to_body(worker.hello())))
        if first_look is not None:
            told = (watch, first_look, assignment.health_s, leash, replies)
            threading.Thread(target=_tell_health, args=told, name="health", daemon=True).start()
        beat = threading.Thread(target=_beat, args=(assignment, leash, replies), name="heartbeat", daemon=True)
        beat.start()
        for line in leash:
            reply, record = _answer(worker, line)
            with leash.answering:
                if record is not None:
                    reply = _recorded(worker, record, reply)
                _send(replies, reply)


def _answer(worker: Worker, line: bytes) -> tuple[bytes, TrialResult | None]:
    """Return the reply to one line, and the result that must be journalled before it is sent, if any.

    A batch of permutations is none: it is not of the budget, and is counted again where its answer is lost.
    """
    try:
        kind, body = decode(line)
        request = decode_request(kind, body)
        known = worker.known(request)
        result = known or worker.run(request)
    except RequestError as error:
        return encode("error", {"message": str(error)}), None
    except Exception as error:  # a trial that fails must not take the worker, and the next trials, with it
        return encode("error", {"message": f"{type(error).__name__}: {error}"}), None
    unwritten = known or isinstance(request, PermutationRequest)
    return encode("result", to_body(result)), None if unwritten else result


def _recorded(worker: Worker, result: TrialResult, reply: bytes) -> bytes:
    """Journal a result and return its reply; what cannot be journalled did not happen."""
    try:
        worker.record(result)
    except OSError as error:
        return encode("error", {"message": f"the result could not be journalled: {error.strerror}. Check the disk."})
    return reply


def _beat(assignment: Assignment, leash: Leash, replies: BinaryIO) -> None:
    """Give signs of life, to the lane and to whoever wants the GPU, for as long as the process runs."""
    while True:
        time.sleep(assignment.silence_s / BEATS_PER_SILENCE)
        with leash.answering:
            try:
                lock.touch(assignment.lock)
                _send(replies, HEARTBEAT)
            except OSError:  # nobody listens, or the file is gone: the leash ends this process, not the heart
                return


def _tell_health(watch: Watch, found: Answer, every_s: float, leash: Leash, replies: BinaryIO) -> None:
    """Tell how the GPU is, before the first ticket and then every so often, for as long as the process runs."""
    while True:
        said = encode("health", found())
        with leash.answering:
            try:
                _send(replies, said)
            except OSError:  # nobody listens: see `_beat`
                return
        time.sleep(every_s)
        found = watch.look(Phase.RUN)


class Worker:
    """Holds the pool, in memory or mapped, and the results that this rig already has for the run."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        _check("worker", Path(sys.argv[0]), assignment.worker_sha256, assignment.node)
        self._scorer = scorer_on(
            assignment.paths,
            assignment.node,
            pool_sha256=assignment.pool_sha256,
            table=assignment.table,
            cache_bytes=assignment.cache_bytes,
        )
        self._origin = Origin(assignment.node, assignment.gpu, assignment.worker_sha256, assignment.pool_sha256)
        self._journal = Path(assignment.paths.journal(assignment.run_id, assignment.gpu))
        self._done = {result.trial_number: result for result in journal.read_run(self._journal.parent)}

    def hello(self) -> Hello:
        """Return what the head checks first: checksums of worker and pool, GPU, versions."""
        return Hello(
            worker_sha256=self._assignment.worker_sha256,
            pool_sha256=self._assignment.pool_sha256,
            gpu=self._assignment.gpu,
            rows=self._scorer.rows,
            pid=os.getpid(),
            host=socket.gethostname(),
            python=platform.python_version(),
            numpy=np.__version__,
        )

    def known(self, request: AnyRequest) -> TrialResult | None:
        """Return the journalled result of the very same request, if there is one."""
        result = self._done.get(request.trial_number)
        return result if result is not None and result.request == request.to_json() else None

    def run(self, request: AnyRequest) -> TrialResult:
        """Compute what is asked for."""
        return run_request(self._scorer, request, self._origin)

    def record(self, result: TrialResult) -> None:
        """Write a result to the journal, on disk when this returns."""
        journal.append(self._journal, result)
        self._done[result.trial_number] = result


def scorer_on(
    paths: RigPaths, node: str, *, pool_sha256: str, table: str | None, cache_bytes: int = CACHE_MB * 2**20
) -> PoolScorer:
    """Map the pool's table for the mask policy `table`, or read the pool where there is none; check it first.

    Raises:
        ChecksumMismatch: it is not what was pushed, or made, there.
    """
    if table is not None:
        try:
            rows = mapped_table(paths, pool_sha256, table)
        except TableError as error:
            raise ChecksumMismatch(node, str(error)) from None
        return PoolScorer(rows.columns, cache_bytes, rows)
    pool = Path(paths.pool(pool_sha256))
    _check("pool", pool, pool_sha256, node)
    return PoolScorer.of(load_pool(pool), cache_bytes)


def _check(name: str, path: Path, expected: str, node: str) -> None:
    actual = sha256_of(path)
    if actual != expected:
        raise ChecksumMismatch(
            node,
            f"the {name} on the rig has SHA-256 {actual[:12]}…, expected {expected[:12]}…. "
            "It was altered after it was pushed; clear the task deploy_worker to push it again.",
        )


def _send(stream: BinaryIO, line: bytes) -> None:
    stream.write(line)
    stream.flush()
