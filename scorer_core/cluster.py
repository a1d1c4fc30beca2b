"""The inventory: the only list of nodes. Clean, deploy, lanes and collect iterate over it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from scorer_core.errors import InventoryError
from scorer_core.validation import problems


class GpuVendor(StrEnum):
    """Whose driver the probe asks."""

    NVIDIA = "nvidia"
    AMD = "amd"


def _absolute_posix(value: str) -> str:
    path = PurePosixPath(value)
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
        raise ValueError(f"{value!r} must be an absolute path below /, without ..")
    return str(path)


def _key_line(value: str) -> str:
    if len(value.split()) != 2:
        raise ValueError("write the type and the key, as `ssh-keyscan` prints them: ssh-ed25519 AAAA…")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gpus(_Strict):
    """What a node has; the probe's count must be the same."""

    vendor: GpuVendor = GpuVendor.NVIDIA
    count: int = Field(ge=1, le=64)


class Node(_Strict):
    """One node of the cluster, reached over SSH."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    host: str = Field(min_length=1, pattern=r"^[^\s-]\S*$")
    port: int = Field(22, ge=1, le=65535)
    user: str = Field(min_length=1, pattern=r"^[^\s-]\S*$")
    key: Annotated[Path, AfterValidator(Path.expanduser)] = Field(repr=False)
    host_key: Annotated[str, AfterValidator(_key_line)] = Field(repr=False)
    python: str = Field("python3", min_length=1)
    root: Annotated[str, AfterValidator(_absolute_posix)]
    gpu: Gpus
    max_concurrent: int | None = Field(None, ge=1)
    start_stagger_s: float = Field(0.0, ge=0.0, le=60.0)
    head: bool = False

    @property
    def slots(self) -> int:
        """Return how many lanes may run on the node at once."""
        return min(self.gpu.count, self.max_concurrent or self.gpu.count)


class Inventory(_Strict):
    """All nodes, in the order of the file."""

    nodes: tuple[Node, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [node.name for node in self.nodes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"node {', '.join(twice)} is listed more than once; give each node its own name")
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


def load_inventory(path: Path) -> Inventory:
    """Read and check the inventory.

    Raises:
        InventoryError: the file is missing, is not YAML, or a node is incomplete or contradictory.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InventoryError(
            f"{path.name}: no such inventory. Copy config/cluster.example.yaml and set SCORER_CLUSTER_FILE."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InventoryError(f"{path.name}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise InventoryError(f"{path.name}: expected a mapping with the key `nodes`.")
    try:
        return Inventory.model_validate(document)
    except ValidationError as error:
        raise InventoryError(f"{path.name}: " + problems(error, rename=lambda field: _named(field, document))) from None


def _named(field: str, document: dict[str, Any]) -> str:
    """Return `nodes.2.port` as `node rig-6600b: port`, where the node has a name."""
    parts = field.split(".")
    nodes = document.get("nodes")
    if len(parts) < 2 or parts[0] != "nodes" or not parts[1].isdigit() or not isinstance(nodes, list):
        return field
    entry = nodes[int(parts[1])]
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"node {name or parts[1]}: {'.'.join(parts[2:]) or 'entry'}"
