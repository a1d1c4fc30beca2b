"""gpu_slots: healthy nodes × verified GPUs, one slot each."""

from __future__ import annotations

from collections.abc import Mapping

from scorer_core.cluster import Inventory
from scorer_core.errors import NoSlots
from scorer_core.run.slot import Slot


def gpu_slots(inventory: Inventory, healthy: Mapping[str, float], min_gpus: int) -> list[Slot]:
    """Return one slot for each GPU of the healthy nodes, spread over the nodes.

    `healthy` says of each node how many seconds a trial may take there. The first GPU of every node comes first, so
    that neighbours in the list start on different nodes.

    Raises:
        NoSlots: there are fewer than `min_gpus`; an empty map would be skipped, not failed.
    """
    slots = [
        Slot(node.name, gpu, healthy[node.name])
        for gpu in range(max(node.slots for node in inventory.nodes))
        for node in inventory.nodes
        if node.name in healthy and gpu < node.slots
    ]
    if len(slots) < min_gpus:
        missing = [node.name for node in inventory.nodes if node.name not in healthy]
        raise NoSlots(
            f"{len(slots)} GPU slots are healthy, the run needs {min_gpus}. Without: {', '.join(missing) or 'none'}. "
            "See the logs of clean_artifacts and deploy_worker, mend the nodes, then clear these tasks."
        )
    return slots
