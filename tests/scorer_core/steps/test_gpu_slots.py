"""Given an inventory and the nodes that are healthy: one slot for each GPU, spread over the nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer_core.cluster import Inventory
from scorer_core.errors import NoSlots
from scorer_core.ledger.drains import active_drains, drain
from scorer_core.ledger.ledger import Ledger
from scorer_core.run.slot import Slot
from scorer_core.steps.gpu_slots import gpu_slots
from tests.support.prepared import make_node


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    """A head with 2 GPUs, a rig with 3, and one with 8 of which two may work at once."""
    entries = [
        make_node(tmp_path, "head"),
        make_node(tmp_path, "rig-a", gpu={"count": 3}),
        make_node(tmp_path, "rig-b", gpu={"count": 8}, max_concurrent=2),
    ]
    return Inventory.model_validate({"nodes": entries})


def test_the_first_gpu_of_every_node_comes_first(inventory: Inventory) -> None:
    slots = gpu_slots(inventory, {"head": 60.0, "rig-a": 90.0, "rig-b": 120.0}, 1)

    assert slots == [
        Slot("head", 0),
        Slot("rig-a", 0),
        Slot("rig-b", 0),
        Slot("head", 1),
        Slot("rig-a", 1),
        Slot("rig-b", 1),
        Slot("rig-a", 2),
    ]
    assert len({slot.label for slot in slots}) == 7
    assert slots[4].label == "rig-a · gpu 1"
    assert [slot.trial_timeout_s for slot in slots] == [60.0, 90.0, 120.0, 60.0, 90.0, 120.0, 90.0]


def test_only_healthy_nodes_have_slots(inventory: Inventory) -> None:
    assert gpu_slots(inventory, {"rig-b": 60.0, "a stranger": 60.0}, 2) == [Slot("rig-b", 0), Slot("rig-b", 1)]


def test_too_few_slots_are_an_error_that_names_numbers_and_missing_nodes(inventory: Inventory) -> None:
    with pytest.raises(NoSlots, match=r"^2 GPU slots are healthy, the run needs 3\. Without: rig-a, rig-b\. .*clear"):
        gpu_slots(inventory, {"head": 60.0}, 3)


def test_no_slot_at_all_is_an_error_and_no_empty_list(inventory: Inventory) -> None:
    with pytest.raises(NoSlots, match=r"^0 GPU slots are healthy, the run needs 1\."):
        gpu_slots(inventory, {}, 1)


def test_all_of_a_healthy_cluster_may_still_be_too_few(inventory: Inventory) -> None:
    with pytest.raises(NoSlots, match="Without: none"):
        gpu_slots(inventory, dict.fromkeys(("head", "rig-a", "rig-b"), 60.0), 8)


def test_what_is_drained_gets_no_slot_and_another_gpu_stands_in_where_fewer_may_work_at_once(
    inventory: Inventory, some_ledger: Ledger
) -> None:
    for node, gpu in (("head", None), ("rig-a", 1), ("rig-b", 0)):
        drain(some_ledger.engine, node, gpu, "loud fan", "ann@head")
    held = active_drains(some_ledger.engine)

    slots = gpu_slots(inventory, {"head": 60.0, "rig-a": 60.0, "rig-b": 60.0}, 1, held)

    assert sorted(slot.label for slot in slots) == [
        "rig-a · gpu 0",
        "rig-a · gpu 2",
        "rig-b · gpu 1",
        "rig-b · gpu 2",
    ]
    with pytest.raises(NoSlots, match="rig-a:1 is drained by ann@head since .*: loud fan; .*`scorer undrain` lifts"):
        gpu_slots(inventory, {}, 1, held)
