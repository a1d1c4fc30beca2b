"""Given whatever bytes: the real worker answers every line with a typed message, and goes on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from scorer_core.rig.protocol import MAX_LINE_BYTES, PING, encode
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from scorer_core.scoring.trial import TrialRequest
from scorer_core.transport import bundle
from tests.scorer_core.rig.workers import Worker, make_rig
from tests.support.pools import GOLDEN_POOL

SECONDS = 60.0 if os.environ.get("CI") else 10.0
PARAMS = completed(
    {"residue_mod_1": 9, "residue_mod_2": 100, "residue_mod_3": 1000, "max_offset": 9}, MaskPolicy.MAX_OFFSET
)
BATCH = 50
REQUEST = TrialRequest(0, PARAMS, 50, MaskPolicy.MAX_OFFSET)
VALID = json.loads(encode("trial", REQUEST.to_json()))

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


def line_of(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


@st.composite
def mutated_requests(draw: st.DrawFn) -> bytes:
    """A valid request with one value replaced, one key dropped, or one key too many."""
    message = json.loads(json.dumps(VALID))
    target = message["params"] if draw(st.booleans()) else message
    key = draw(st.sampled_from(sorted(target)))
    match draw(st.integers(0, 2)):
        case 0:
            target[key] = draw(values)
        case 1:
            del target[key]
        case _:
            target[draw(st.text(min_size=1))] = draw(values)
    return line_of(message)


@st.composite
def flipped_requests(draw: st.DrawFn) -> bytes:
    """A valid request with some bytes replaced."""
    content = bytearray(line_of(VALID)[:-1])
    for _ in range(draw(st.integers(1, 4))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content).replace(b"\n", b" ") + b"\n"


random_lines = st.binary(max_size=300).map(lambda content: content.replace(b"\n", b"") + b"\n")
deep = st.builds(
    lambda depth, opening: opening * depth + b"\n", st.integers(1, 20_000), st.sampled_from([b"[", b'{"a":', b"[{"])
)
huge = st.builds(
    lambda size, byte: byte * size + b"\n", st.integers(MAX_LINE_BYTES - 2, 3 * MAX_LINE_BYTES), st.sampled_from([b"a"])
)
digits = st.builds(lambda size: b'{"type":"trial","schema":' + b"9" * size + b"}\n", st.integers(1, 60_000))
other_kinds = values.map(lambda value: line_of({**VALID, "type": value}))
junk = random_lines | mutated_requests() | flipped_requests() | deep | huge | digits | other_kinds | st.just(PING)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """A real worker that has said hello."""
    rig = make_rig(tmp_path / "rig", bundle.build(), GOLDEN_POOL.read_bytes())
    with rig.serve() as serving:
        assert serving.receive()[0] == "hello"
        yield serving


def pieces(line: bytes) -> int:
    """Return how many messages the worker makes of one line: none of a ping, several of a long one."""
    return 0 if line == PING else -(-len(line) // (MAX_LINE_BYTES + 1))


@pytest.mark.fault("worker's protocol fuzzed: bytes, mutated requests, huge lines, deep nesting, pings", servers="none")
@pytest.mark.timeout(120)
def test_every_line_is_answered_and_the_worker_goes_on(worker: Worker, outcome: Callable[[str], None]) -> None:
    end = time.monotonic() + SECONDS
    numbers = count(1)
    sent = {"lines": 0, "valid": 0}

    @settings(
        max_examples=BATCH,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(junk, max_size=5))
    def fuzz(lines: list[bytes]) -> None:
        for line in lines:
            worker.send(line)
            for _ in range(pieces(line)):
                kind, body = worker.receive()
                assert kind in ("error", "result"), (line, kind)
                if kind == "error":
                    assert isinstance(body["message"], str)
                    assert body["message"]
                    assert len(body["message"]) < MAX_LINE_BYTES
                else:
                    assert body["trial_number"] == json.loads(line)["trial_number"]
            sent["lines"] += 1
        request = TrialRequest(next(numbers), PARAMS, 50, MaskPolicy.MAX_OFFSET)
        assert worker.ask(request).request == request.to_json()
        sent["valid"] += 1

    for batch in count():  # the same batches each time, as many as there is time for
        seed(batch)(fuzz)()
        if time.monotonic() > end:
            break

    assert sent["lines"] > 100
    assert sent["valid"] > 50
    assert worker.end_input() == 0
    outcome("every line gets a typed `error` or a `result`; a valid trial after the junk is answered")
