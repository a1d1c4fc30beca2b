"""Given lanes at work: the fleet tells what each GPU works on."""

from __future__ import annotations

from scorer_core.cluster import Node
from scorer_core.fleet.state import fleet_state
from scorer_core.ledger import permutations
from scorer_core.ledger.keys import Asked, DecisionKey
from scorer_core.ledger.ledger import Ledger
from tests.support.tickets import CONTENT, LEASE, RUN, A, B, claimed, open_run, recorded, result, spec


def works_on(ledger: Ledger) -> list[str | None]:
    entry = {"python": "/usr/bin/python3", "root": "/srv/scorer", "gpu": {"vendor": "nvidia", "count": 1}}
    nodes = [Node.model_validate({"name": slot.node, **entry}) for slot in (A, B)]
    return [gpu.works_on for node in fleet_state(ledger.engine, nodes).nodes for gpu in node.gpus]


def test_a_gpu_works_on_the_ticket_that_its_lane_holds_or_gives_a_second_opinion_of(ledger: Ledger) -> None:
    open_run(ledger, spec(2), twice=True)
    claimed(ledger, A)
    assert works_on(ledger) == [f"{RUN} #0", None]

    recorded(ledger, result(0))
    claimed(ledger, A)
    assert works_on(ledger) == [f"{RUN} #1", None]

    recorded(ledger, result(1))
    claimed(ledger, B)
    assert works_on(ledger) == [None, f"{RUN} #0 again"]

    ledger.end_run(RUN)
    assert works_on(ledger) == [None, None]


def test_a_gpu_works_on_the_batch_of_permutations_that_its_lane_counts(ledger: Ledger) -> None:
    open_run(ledger, spec(1), asked=Asked(DecisionKey(CONTENT, "max_offset", "space", "trial"), 0.01), batches=1)
    claimed(ledger, A)
    permutations.claim(ledger.engine, RUN, B, LEASE)

    assert works_on(ledger) == [f"{RUN} #0", f"{RUN} permutations 0"]
