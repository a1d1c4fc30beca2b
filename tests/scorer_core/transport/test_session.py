"""Given a worker, real or false: the session trusts what it checked, and names what it got otherwise."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import psutil
import pytest

from scorer_core.cluster import Gpus, Node
from scorer_core.errors import ChecksumMismatch, ProtocolError, RigBusy, RigError, RigLost, RigTimeout, TrialFailed
from scorer_core.pool.survivors import pool_from_bytes
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.protocol import MAX_LINE_BYTES, Hello, TrialResult, encode, to_body
from scorer_core.run.slot import Slot
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from scorer_core.scoring.trial import TrialRequest, evaluate
from scorer_core.transport import session as session_module
from scorer_core.transport.check import make_shipment
from scorer_core.transport.deploy import Shipment, deploy
from scorer_core.transport.local import LocalTransport
from scorer_core.transport.session import WorkerSession

pytestmark = pytest.mark.slow

SLOT = Slot("rig-a", 1)
PARAMS = completed(
    {"residue_mod_1": 9, "residue_mod_2": 100, "residue_mod_3": 1000, "max_offset": 9}, MaskPolicy.MAX_OFFSET
)
REQUEST = TrialRequest(4, PARAMS, 500, MaskPolicy.MAX_OFFSET)


@pytest.fixture(scope="module")
def shipment() -> Shipment:
    return make_shipment()


def make_node(root: Path, python: str = sys.executable) -> Node:
    return Node(
        name="rig-a",
        python=python,
        root=str(root),
        gpu=Gpus(count=2),
    )


@pytest.fixture
def deployed(tmp_path: Path, shipment: Shipment, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalTransport]:
    """A node with worker and pool on it."""
    monkeypatch.setenv("SCORER_RIG_GPUS", "nvidia:2")
    with LocalTransport(make_node(tmp_path / "rig")) as transport:
        deploy(transport, shipment)
        yield transport


@pytest.fixture(autouse=True)
def _no_process_stays() -> Iterator[None]:
    before = _own_processes()
    yield
    assert _own_processes() <= before


def _own_processes() -> set[int]:
    """Return what this process started itself; a database server of other tests comes and goes with its own."""
    return {child.pid for child in psutil.Process().children()}


def start(
    transport: LocalTransport, shipment: Shipment, run_id: str = "run-1", slot: Slot = SLOT, silence_s: float = 20
) -> WorkerSession:
    return WorkerSession.start(
        transport,
        slot,
        run_id=run_id,
        worker_sha256=shipment.worker_sha256,
        pool_sha256=shipment.pool_sha256,
        silence_s=silence_s,
        cache_mb=16,
    )


def paths_of(transport: LocalTransport) -> RigPaths:
    return RigPaths(PurePosixPath(transport.node.root))


def flip(path: PurePosixPath, place: int) -> None:
    content = bytearray(Path(path).read_bytes())
    content[place] ^= 1
    Path(path).write_bytes(content)


def test_a_worker_answers_what_we_would_answer_and_says_where(deployed: LocalTransport, shipment: Shipment) -> None:
    session = start(deployed, shipment)

    result = session.run(REQUEST, 30)

    assert result.evaluation == evaluate(pool_from_bytes(shipment.pool(), "pool.npz"), REQUEST).to_json()
    assert (result.trial_number, result.node, result.gpu) == (4, "rig-a", 1)
    assert (result.worker_sha256, result.pool_sha256) == (shipment.worker_sha256, shipment.pool_sha256)
    session.close()
    session.close()


def test_a_trial_that_the_worker_refuses_is_its_failure_alone(deployed: LocalTransport, shipment: Shipment) -> None:
    session = start(deployed, shipment)
    bad = TrialRequest(5, {**PARAMS, "residue_mod_1": 4}, 500, MaskPolicy.MAX_OFFSET)

    with pytest.raises(TrialFailed, match="rig-a · gpu 1: parameter residue_mod_1 is 4"):
        session.run(bad, 30)

    assert session.run(REQUEST, 30).trial_number == 4, "the worker lives on"


@pytest.mark.parametrize("name", ["worker", "table"])
def test_a_file_that_was_altered_on_the_rig_is_noticed_before_any_trial(
    deployed: LocalTransport, shipment: Shipment, name: str
) -> None:
    paths = paths_of(deployed)
    if name == "worker":
        flip(paths.worker(shipment.worker_sha256), 10)  # the time of the first entry: it still runs
    else:
        flip(paths.table(shipment.pool_sha256, "max_offset"), 6000)

    said = {
        "worker": "the worker on the rig has SHA-256 .*clear the task",
        "table": ".*table is torn or altered.*Clear",
    }
    with pytest.raises(ChecksumMismatch, match=f"^rig-a: {said[name]} deploy_worker"):
        start(deployed, shipment)


def test_a_gpu_that_another_run_holds_is_busy_and_the_other_gpu_is_not(
    deployed: LocalTransport, shipment: Shipment
) -> None:
    holder = start(deployed, shipment, "run-0")

    with pytest.raises(RigBusy, match=r"^rig-a: gpu1\.lock is held by another run's worker \(\d+ \d+ run-0/gpu1\)"):
        start(deployed, shipment, "run-1")

    assert start(deployed, shipment, "run-1", Slot("rig-a", 0)).run(REQUEST, 30).gpu == 0
    assert holder.run(REQUEST, 30).gpu == 1, "the holder is not disturbed"


def test_a_lane_that_comes_back_takes_its_gpu_from_its_own_earlier_worker(
    deployed: LocalTransport, shipment: Shipment
) -> None:
    earlier = start(deployed, shipment)
    first = earlier.run(REQUEST, 30)

    again = start(deployed, shipment)

    assert again.run(REQUEST, 30) == first, "what is journalled is not computed again"
    with pytest.raises(RigLost):
        earlier.run(REQUEST, 30)


def test_a_worker_that_is_killed_is_lost(deployed: LocalTransport, shipment: Shipment) -> None:
    session = start(deployed, shipment)
    holder = Path(paths_of(deployed).lock(1)).read_text().split()
    os.kill(int(holder[0]), signal.SIGKILL)

    with pytest.raises(RigLost, match="^rig-a: the process ended"):
        session.run(REQUEST, 30)


def test_a_rig_without_the_worker_says_so(tmp_path: Path, shipment: Shipment) -> None:
    with (
        LocalTransport(make_node(tmp_path / "rig")) as transport,
        pytest.raises(RigLost, match=r"(?s)^rig-a: the process ended.*worker\.pyz"),
    ):
        start(transport, shipment)


def hello(shipment: Shipment, **changes: Any) -> bytes:
    said = Hello(
        worker_sha256=shipment.worker_sha256,
        pool_sha256=shipment.pool_sha256,
        gpu=1,
        rows=1000,
        pid=1,
        host="rig",
        python="3.11.7",
        numpy="2.0.0",
    )
    return encode("hello", to_body(dataclasses.replace(said, **changes)))


def result(shipment: Shipment, **changes: Any) -> bytes:
    said = TrialResult(
        trial_number=4,
        request=REQUEST.to_json(),
        evaluation=evaluate(pool_from_bytes(shipment.pool(), "pool.npz"), REQUEST).to_json(),
        node="rig-a",
        gpu=1,
        worker_sha256=shipment.worker_sha256,
        pool_sha256=shipment.pool_sha256,
        started_at="2026-01-01T00:00:00+00:00",
        finished_at="2026-01-01T00:00:01+00:00",
        seconds=1.0,
    )
    return encode("result", to_body(dataclasses.replace(said, **changes)))


def without(line: bytes, field: str) -> bytes:
    message = json.loads(line)
    del message[field]
    return json.dumps(message).encode() + b"\n"


def of_schema(line: bytes, schema: object) -> bytes:
    return json.dumps({**json.loads(line), "schema": schema}).encode() + b"\n"


@pytest.fixture
def play(tmp_path: Path, shipment: Shipment) -> Iterator[Any]:
    """Start a session with a false worker: what it says at first, to a trial, and at its end."""
    with LocalTransport(make_node(tmp_path / "rig", str(tmp_path / "python"))) as transport:

        def play(
            first: bytes, reply: bytes | None = None, last_words: str = "", *, hold: bool = True, silence_s: float = 20
        ) -> WorkerSession:
            (tmp_path / "first").write_bytes(first)
            (tmp_path / "reply").write_bytes(reply or b"")
            answers = f"while read line; do cat {tmp_path}/reply; done" if hold else ""
            script = f"#!/bin/sh\ncat {tmp_path}/first\n{answers}\nprintf '%s' '{last_words}' >&2\nexit 1\n"
            (tmp_path / "python").write_text(script)
            (tmp_path / "python").chmod(0o700)
            return start(transport, shipment, silence_s=silence_s)

        yield play


def spoilt(line: bytes) -> dict[str, bytes]:
    """Return what may come in place of a line: none of it is the protocol."""
    return {
        "a greeting": b"Welcome to rig-a!\n",
        "nothing": b"\n",
        "not an object": b"[1, 2]\n",
        "bytes": bytes(range(11, 256)) + b"\n",
        "deeply nested": b"[" * 60_000 + b"\n",
        "half": line[: len(line) // 2] + b"\n",
        "another schema": of_schema(line, 2),
        "no schema": without(line, "schema"),
        "no type": without(line, "type"),
        "a field missing": without(line, "gpu"),
        "a field too many": json.dumps({**json.loads(line), "more": 1}).encode() + b"\n",
        "too long": b'{"type": "' + b"x" * MAX_LINE_BYTES + b'"}\n',
        "another type": encode("goodbye", {}),
    }


SPOILT = list(spoilt(b'{"type": "x", "schema": 1, "gpu": 1}\n'))


@pytest.mark.parametrize("name", SPOILT)
def test_a_first_line_that_is_no_hello_is_no_worker(play: Any, shipment: Shipment, name: str) -> None:
    with pytest.raises(ProtocolError, match="^rig-a: "):
        play(spoilt(hello(shipment))[name])


@pytest.mark.parametrize("name", SPOILT)
def test_an_answer_that_is_no_result_ends_the_trust(play: Any, shipment: Shipment, name: str) -> None:
    session = play(hello(shipment), spoilt(result(shipment))[name])

    with pytest.raises(ProtocolError, match="^rig-a: "):
        session.run(REQUEST, 30)


def test_a_false_worker_that_says_the_right_things_passes(play: Any, shipment: Shipment) -> None:
    assert play(hello(shipment), result(shipment)).run(REQUEST, 30).seconds == 1.0


@pytest.mark.parametrize("field", ["worker_sha256", "pool_sha256"])
def test_a_worker_of_another_code_or_pool_is_refused(play: Any, shipment: Shipment, field: str) -> None:
    with pytest.raises(ChecksumMismatch, match="^rig-a: the worker runs other code or another pool"):
        play(hello(shipment, **{field: "0" * 64}))


def test_a_worker_on_another_gpu_is_refused(play: Any, shipment: Shipment) -> None:
    with pytest.raises(ProtocolError, match="^rig-a: the worker is bound to gpu 0, not 1"):
        play(hello(shipment, gpu=0))


@pytest.mark.parametrize(
    "other",
    [
        TrialRequest(5, PARAMS, 500, MaskPolicy.MAX_OFFSET),
        TrialRequest(4, PARAMS, None, MaskPolicy.MAX_OFFSET),
        TrialRequest(4, {**PARAMS, "max_offset": 10}, 500, MaskPolicy.MAX_OFFSET),
    ],
    ids=["another trial", "another sample size", "other parameters"],
)
def test_an_answer_to_another_question_is_refused(play: Any, shipment: Shipment, other: TrialRequest) -> None:
    session = play(hello(shipment), result(shipment, request=other.to_json()))

    with pytest.raises(ProtocolError, match="^rig-a: the answer is not for trial 4"):
        session.run(REQUEST, 30)


@pytest.mark.parametrize(
    ("echo", "refusal"),
    [
        ({"node": "rig-b"}, "another GPU than rig-a gpu 1"),
        ({"gpu": 0}, "another GPU than rig-a gpu 1"),
        ({"worker_sha256": "0" * 64}, "other code or another pool"),
        ({"pool_sha256": "0" * 64}, "other code or another pool"),
    ],
    ids=["another node", "another gpu", "other code", "another pool"],
)
def test_an_answer_of_somebody_else_is_refused(
    play: Any, shipment: Shipment, echo: dict[str, Any], refusal: str
) -> None:
    session = play(hello(shipment), result(shipment, **echo))

    with pytest.raises(ProtocolError, match=f"^rig-a: the answer .*{refusal}"):
        session.run(REQUEST, 30)


LAST_WORDS = {
    "silence": ("", RigLost, "the process ended"),
    "a traceback": ("Traceback: MemoryError", RigLost, "the process ended.*MemoryError"),
    "an error of its own": ('{"error": "PoolError", "message": "bad pool"}', RigLost, "bad pool"),
    "busy": ('{"error": "RigBusy", "message": "rig-a: gpu1.lock is held"}', RigBusy, r"gpu1\.lock is held$"),
    "altered": ('{"error": "ChecksumMismatch", "message": "rig-a: altered"}', ChecksumMismatch, "altered$"),
    "altered, after warnings": (
        'a warning\nanother\n{"error": "ChecksumMismatch", "message": "rig-a: altered"}',
        ChecksumMismatch,
        "altered$",
    ),
    "half an error": ('{"error": "RigBusy", "mess', RigLost, "the process ended"),
}


@pytest.mark.parametrize(("words", "kind", "message"), LAST_WORDS.values(), ids=LAST_WORDS)
def test_a_worker_that_ends_at_once_is_told_by_its_last_words(
    play: Any, words: str, kind: type[RigError], message: str
) -> None:
    with pytest.raises(kind, match=f"(?s)^rig-a: {message}") as caught:
        play(b"", last_words=words, hold=False)

    assert type(caught.value) is kind


def test_a_worker_that_says_nothing_is_given_up(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "HELLO_TIMEOUT_S", 0.3)

    with pytest.raises(RigTimeout, match=r"^rig-a: no answer within 0\.3 s"):
        play(b"")


def test_a_trial_that_takes_too_long_is_given_up(play: Any, shipment: Shipment) -> None:
    session = play(hello(shipment), b"")

    with pytest.raises(RigTimeout, match=r"^rig-a: trial 4 did not end within 0\.2 s"):
        session.run(REQUEST, 0.2)


def test_signs_of_life_are_no_answer_and_do_not_prolong_a_trial(play: Any, shipment: Shipment) -> None:
    heartbeats = encode("heartbeat", {}) * 20

    assert play(hello(shipment), heartbeats + result(shipment)).run(REQUEST, 30).seconds == 1.0
    with pytest.raises(RigTimeout, match="did not end"):
        play(hello(shipment), heartbeats).run(REQUEST, 0.2)


def test_a_worker_that_gives_no_sign_of_life_is_lost_long_before_its_trial_is_late(
    play: Any, shipment: Shipment
) -> None:
    session = play(hello(shipment), b"", silence_s=0.2)

    with pytest.raises(RigLost, match=r"^rig-a: no sign of life for 0\.2 s"):
        session.run(REQUEST, 30)
