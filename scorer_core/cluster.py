"""The nodes of the cluster: what each is, and the keys by which a transport reaches it."""

from __future__ import annotations

from itertools import combinations
from pathlib import PurePosixPath
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from scorer_core.errors import InventoryError
from scorer_core.rig.gpus import GpuVendor

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"


def _absolute_posix(value: str) -> str:
    path = PurePosixPath(value)
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2 or not value.isprintable():
        raise ValueError(f"{value!r} must be an absolute path below /, without ..")
    return str(path)


class Keys(BaseModel):
    """Keys of the inventory that belong together; any other key beside them is refused.

    A field that is secret, or that nobody has to see, says `repr=False`: no message shows its value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def address(self) -> tuple[object, ...] | None:
        """Return what is the same for two nodes that are one machine; None where that cannot be told."""
        return None


Block = TypeVar("Block", bound=Keys)


class Gpus(Keys):
    """What a node has; the probe's count must be the same."""

    vendor: GpuVendor = GpuVendor.NVIDIA
    count: int = Field(ge=1, le=64)


class Node(Keys):
    """One node of the cluster. A node of an inventory also has a block for each transport that reaches it."""

    name: str = Field(pattern=NAME)
    python: str = Field("python3", min_length=1)
    root: Annotated[str, AfterValidator(_absolute_posix)]
    gpu: Gpus
    max_concurrent: int | None = Field(None, ge=1)
    threads: int = Field(1, ge=1, le=256)
    tables: bool = True
    start_stagger_s: float = Field(0.0, ge=0.0, le=60.0)
    head: bool = False

    @property
    def slots(self) -> int:
        """Return how many lanes may run on the node at once."""
        return min(self.gpu.count, self.max_concurrent or self.gpu.count)

    def addresses(self) -> set[tuple[object, ...]]:
        """Return the address in each transport's block that has one."""
        blocks = (getattr(self, name) for name in type(self).model_fields)
        return {found for block in blocks if isinstance(block, Keys) and (found := block.address()) is not None}

    def block(self, kind: type[Block]) -> Block:
        """Return the block of a transport, by the model of its keys.

        Raises:
            InventoryError: the node has none.
        """
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, kind):
                return value
        raise InventoryError(f"node {self.name} has no {kind.__name__}: add this transport's block to the inventory.")


class Inventory(Keys):
    """All nodes, in the order of the file."""

    nodes: tuple[Node, ...]

    @model_validator(mode="after")
    def _some_nodes_each_once(self) -> Self:
        if not self.nodes:
            raise ValueError("nodes is empty; list at least one node")
        names = [node.name for node in self.nodes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"node {', '.join(twice)} is listed more than once; give each node its own name")
        for one, other in combinations(self.nodes, 2):
            if one.root == other.root and one.addresses() & other.addresses():
                raise ValueError(
                    f"nodes {one.name} and {other.name} are one folder of one machine; they would end each other's "
                    "workers. Give each its own root"
                )
        return self

    def node(self, name: str) -> Node:
        """Return a node by name.

        Raises:
            InventoryError: there is no such node.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.nodes)
        raise InventoryError(f"no node {name!r} in the inventory; it lists {known}.")
