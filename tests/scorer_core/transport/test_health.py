"""How a rig says that it is: asked with all that it has to know, and believed about itself alone."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import Any

import pytest

from scorer_core.cluster import Node
from scorer_core.errors import ProtocolError, RigLost, RigUnfit
from scorer_core.rig.health.check import Finding, Phase, State
from scorer_core.transport.health import MAX_FINDINGS, findings_of, looking
from scorer_core.transport.local import LocalChannel, LocalTransport
from tests.integration.faults.liars.deploying import NO_ANSWERS

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

    def __init__(self, folder: Path, said: bytes) -> None:
        super().__init__(NODE)
        self._folder = folder
        self.asked: list[str] = []
        self._said = said

    def open(self, command: str) -> LocalChannel:
        self.asked.append(command)
        said = self._folder / "said"
        said.write_bytes(self._said)
        return super().open(f"cat {said}")


def look_at(rig: Answers, phase: Phase = Phase.BETWEEN, **words: float) -> list[Finding]:
    with looking(rig, "a" * 64, phase, **words) as found:
        return found()


def test_a_rig_is_told_what_to_look_at_and_what_time_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.5)
    rig = Answers(tmp_path, json.dumps({"findings": [HOT, FULL]}).encode() + b"\n")

    found = look_at(rig, stale_s=7.0)

    assert found == [
        Finding("temperature", 1, State.FAILED, "95 °C", {"temperature_c": 95.0}),
        Finding("disk", None, State.FAILED, "full"),
    ]
    (command,) = rig.asked
    words = shlex.split(command)
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


@pytest.mark.parametrize("said", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_a_look_that_gives_no_findings_is_the_rigs_fault(tmp_path: Path, said: bytes) -> None:
    with pytest.raises((RigUnfit, RigLost, ProtocolError), match="^rig-a: "):
        look_at(Answers(tmp_path, said))


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
