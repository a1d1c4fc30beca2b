"""Given what a rig says that its journals hold: answers to what it was asked are taken, the rest is counted."""

from __future__ import annotations

import json
from typing import cast

import pytest

from scorer_core.cluster import Gpus, Node
from scorer_core.errors import RigUnfit
from scorer_core.rig.protocol import TrialResult, encode, to_body
from scorer_core.scoring.trial import TrialRequest
from scorer_core.transport.claims import Lease
from scorer_core.transport.journals import Journals, read_journals
from scorer_core.transport.port import Completed, RigTransport
from tests.integration.faults.liars.lies import JOURNAL_LINES, JOURNALS, REFUSED_TRIALS, Lie, Message
from tests.scorer_core.transport.test_claims import SCORER, SHA, TRIAL

LEASED, NEVER_LEASED = TRIAL.trial_number, TRIAL.trial_number + 1


class Says:
    """A rig that prints this whatever it is asked."""

    def __init__(self, printed: bytes) -> None:
        self.node = Node(name="rig-a", root="/srv/scorer", gpu=Gpus(count=1))
        self._printed = printed

    def run(self, command: str, **_limits: object) -> Completed:
        return Completed(0, self._printed, b"")


def read(printed: bytes) -> Journals:
    """Read the journals of a rig that was asked for one trial."""
    leases = {LEASED: Lease(TRIAL, "rig-a", None, SHA, SHA)}
    return read_journals(cast(RigTransport, Says(printed)), "run-1", leases.get)


def line(number: int = LEASED) -> Message:
    """Return an honest answer as it is journalled."""
    request = TrialRequest(number, TRIAL.params, TRIAL.sample_size, TRIAL.mask_policy)
    moments = ("2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01+00:00")
    evaluation = SCORER.evaluate(request).to_json()
    result = TrialResult(number, request.to_json(), evaluation, "rig-a", 0, SHA, SHA, *moments, 1.0)
    message: Message = json.loads(encode("result", to_body(result)))
    return message


def texts(*lines: bytes) -> bytes:
    """Return one journal with an honest answer and some lines, as a rig prints it."""
    whole = [json.dumps(line()).encode(), *lines]
    return json.dumps({"gpu0.jsonl": b"".join(one.rstrip(b"\n") + b"\n" for one in whole).decode("latin-1")}).encode()


def test_an_honest_journal_is_taken() -> None:
    found = read(texts())

    assert [result.trial_number for result in found.results] == [LEASED]
    assert (found.torn, found.refused) == (0, 0)


@pytest.mark.parametrize("printed", JOURNALS.values(), ids=JOURNALS)
def test_journals_of_an_odd_shape_are_the_rigs_fault(printed: bytes) -> None:
    with pytest.raises(RigUnfit, match=r"^rig-a: .*journals"):
        read(printed)


def test_an_answer_to_a_ticket_that_was_never_leased_is_counted_and_not_taken() -> None:
    found = read(texts(json.dumps(line(NEVER_LEASED)).encode()))

    assert [result.trial_number for result in found.results] == [LEASED]
    assert (found.torn, found.refused) == (0, 1)
    assert found.first_refusal == "an answer to trial 5, which nobody was asked for."


def test_a_line_with_a_lone_surrogate_is_torn() -> None:
    found = read(json.dumps({"gpu0.jsonl": "\ud800\n", "gpu1.jsonl": json.dumps(line()) + "\n"}).encode())

    assert [result.node for result in found.results] == ["rig-a"]
    assert (found.torn, found.refused) == (1, 0)


LIES = JOURNAL_LINES | {name: lie for name, lie in REFUSED_TRIALS.items() if name != "another GPU"}  # any of the node's


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_line_that_is_no_answer_to_what_was_asked_costs_itself_alone(lie: Lie) -> None:
    found = read(texts(lie(line())))

    assert [result.node for result in found.results] == ["rig-a"]
    assert found.torn + found.refused == 1
