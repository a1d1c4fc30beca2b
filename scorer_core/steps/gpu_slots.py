"""gpu_slots: healthy nodes × verified GPUs, one slot each."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping

from scorer_core.cluster import Inventory, Node
from scorer_core.errors import NoSlots
from scorer_core.ledger.drains import Drain
from scorer_core.run.slot import Slot

log = logging.getLogger(__name__)


def gpu_slots(
    inventory: Inventory, healthy: Mapping[str, float], min_gpus: int, drained: Iterable[Drain] = ()
) -> list[Slot]:
    """Return one slot for each GPU of the healthy nodes that is not drained, spread over the nodes.

    `healthy` says of each node how many seconds a trial may take there. The first GPU of every node comes first, so
    that neighbours in the list start on different nodes.

    Raises:
        NoSlots: there are fewer than `min_gpus`; an empty map would be skipped, not failed.
    """
    holding = list(drained)
    slots = [
        Slot(node.name, gpu, healthy[node.name]) for gpu, node in _in_turn(inventory, holding) if node.name in healthy
    ]
    for one in holding:
        log.warning("no slot: %s", one.words)
    if len(slots) < min_gpus:
        missing = [node.name for node in inventory.nodes if node.name not in healthy]
        raise NoSlots(
            f"{len(slots)} GPU slots are healthy, the run needs {min_gpus}. Without: {', '.join(missing) or 'none'}. "
            f"{_told(holding)}See the logs of clean_artifacts and deploy_worker, mend the nodes, then clear these "
            "tasks."
        )
    return slots


def _in_turn(inventory: Inventory, drained: list[Drain]) -> Iterator[tuple[int, Node]]:
    """Yield the GPUs that may have a slot: the first of every node, then the second; drained ones are made up for."""
    free = {
        node.name: [gpu for gpu in range(node.gpu.count) if not any(one.holds(node.name, gpu) for one in drained)]
        for node in inventory.nodes
    }
    for turn in range(max(node.slots for node in inventory.nodes)):
        for node in inventory.nodes:
            if turn < min(node.slots, len(free[node.name])):
                yield free[node.name][turn], node


def _told(drained: list[Drain]) -> str:
    """Return what is said of drains, and how they are lifted."""
    if not drained:
        return ""
    return f"{'; '.join(one.words for one in drained)}. `scorer undrain` lifts a drain; a check lifts its own. "
