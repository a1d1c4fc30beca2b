"""How a rig says that it is: asked with all that it has to know, and believed about itself alone."""

from __future__ import annotations

import json
import shlex
import time
from typing import Any

import pytest

from scorer_core.cluster import Node
from scorer_core.errors import RigUnfit
from scorer_core.rig.health.check import Finding, Phase, State
from scorer_core.transport import health
from scorer_core.transport.health import MAX_FINDINGS, findings_of, look_at
from scorer_core.transport.local import LocalTransport
from scorer_core.transport.port import MAX_OUTPUT_BYTES, Completed

NODE = Node.model_validate(
    {
        "name": "rig-a",
        "root": "/srv/scorer",
        "python": "/usr/bin/python3",
        "gpu": {"vendor": "amd", "count": 3},
        "max_concurrent": 2,
        "threads": 4,
    }
)
HOT: dict[str, Any] = {
    "check": "temperature",
    "gpu": 1,
    "state": "failed",
    "reason": "95 °C",
    "values": {"temperature_c": 95.0},
}
FULL: dict[str, Any] = {"check": "disk", "gpu": None, "state": "failed", "reason": "full", "values": {}}


class Answers(LocalTransport):
    """A transport whose rig answers one thing, and which notes what it was asked."""

    def __init__(self, said: object) -> None:
        super().__init__(NODE)
        self.asked: list[tuple[str, float]] = []
        self._said = said

    def run(
        self, command: str, *, stdin: bytes = b"", timeout_s: float = 60.0, limit_bytes: int = MAX_OUTPUT_BYTES
    ) -> Completed:
        self.asked.append((command, timeout_s))
        return Completed(0, json.dumps(self._said).encode(), b"")


def test_a_rig_is_told_what_to_look_at_and_what_time_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.5)
    rig = Answers({"findings": [HOT, FULL]})

    found = look_at(rig, "a" * 64, Phase.BETWEEN, stale_s=7.0)

    assert found == [
        Finding("temperature", 1, State.FAILED, "95 °C", {"temperature_c": 95.0}),
        Finding("disk", None, State.FAILED, "full"),
    ]
    ((command, timeout_s),) = rig.asked
    words = shlex.split(command)
    assert timeout_s == health.LOOK_TIMEOUT_S
    wanted = {
        "health",
        "--vendor=amd",
        "--gpu=0",
        "--gpu=1",
        "--gpu=2",
        "--phase=between",
        "--slots=2",
        "--stale-s=7.0",
    }
    assert wanted <= set(" ".join(words).split())
    assert "--head-time=1700000000.500" in command
    assert "--threads=4" in command


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"check": "invented"}, "a check that there is not: invented"),
        ({"check": "trials"}, "a check that there is not: trials"),
        ({"gpu": None}, "a check that there is not: temperature"),
        ({"check": "disk"}, "a check that there is not: disk"),
        ({"gpu": 3}, "answers for gpu 3, which is not asked about"),
        ({"gpu": -1}, "gpu"),
        ({"state": "broken"}, "state"),
        ({"values": {"Odd Name": 1.0}}, "values"),
        ({"values": {"temperature_c": 1e99}}, "values"),
        ({"values": {f"v{'a' * place}": 1.0 for place in range(9)}}, "values"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_no_finding_of_this_node_is_refused(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RigUnfit, match="rig-a.*look at the rig") as refused:
        findings_of(NODE, {"findings": [{**HOT, **changed}]})

    assert complaint in str(refused.value)


def test_a_lane_hears_of_its_own_gpu_alone() -> None:
    assert [one.gpu for one in findings_of(NODE, {"findings": [HOT]}, 1)] == [1]
    with pytest.raises(RigUnfit, match="answers for gpu 1, which is not asked about"):
        findings_of(NODE, {"findings": [HOT]}, 0)
    with pytest.raises(RigUnfit, match="the look at gpu 0 answers for the node"):
        findings_of(NODE, {"findings": [FULL]}, 0)


def test_more_findings_than_a_rig_can_have_are_refused() -> None:
    with pytest.raises(RigUnfit):
        findings_of(NODE, {"findings": [HOT] * (MAX_FINDINGS + 1)})
