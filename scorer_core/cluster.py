"""The inventory: the only list of nodes. Clean, deploy, lanes and collect iterate over it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from scorer_core.errors import InventoryError
from scorer_core.rig.gpus import GpuVendor
from scorer_core.validation import problems

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
_HIDDEN = ("key", "host_key")


def _absolute_posix(value: str) -> str:
    path = PurePosixPath(value)
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2 or not value.isprintable():
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
    """One node of the cluster, reached over SSH: by the address written here, or by an Airflow Connection.

    With `ssh_conn_id`, host, port, user and credentials are the Connection's; the host key is its
    extra `host_key`, or the one written here.
    """

    name: str = Field(pattern=_NAME)
    ssh_conn_id: str | None = Field(None, pattern=_NAME)
    host: str | None = Field(None, min_length=1, pattern=r"^[^\s-]\S*$")
    port: int = Field(22, ge=1, le=65535)
    user: str | None = Field(None, min_length=1, pattern=r"^[^\s-]\S*$")
    key: Annotated[Path, AfterValidator(Path.expanduser)] | None = Field(None, repr=False)
    host_key: Annotated[str, AfterValidator(_key_line)] | None = Field(None, repr=False)
    python: str = Field("python3", min_length=1)
    root: Annotated[str, AfterValidator(_absolute_posix)]
    gpu: Gpus
    max_concurrent: int | None = Field(None, ge=1)
    start_stagger_s: float = Field(0.0, ge=0.0, le=60.0)
    head: bool = False

    @model_validator(mode="after")
    def _is_reachable_one_way(self) -> Self:
        own = {"host": self.host, "user": self.user, "key": self.key}
        if self.ssh_conn_id is not None:
            twice = [name for name, value in own.items() if value is not None]
            if twice:
                raise ValueError(f"{', '.join(twice)} stand beside ssh_conn_id; leave them to the Connection")
            return self
        missing = [name for name, value in {**own, "host_key": self.host_key}.items() if value is None]
        if missing:
            raise ValueError(f"{', '.join(missing)} is missing; write it, or name an ssh_conn_id")
        return self

    @property
    def slots(self) -> int:
        """Return how many lanes may run on the node at once."""
        return min(self.gpu.count, self.max_concurrent or self.gpu.count)


class Inventory(_Strict):
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
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise InventoryError(
            f"{path.name}: no such inventory. Copy config/cluster.example.yaml and set SCORER_CLUSTER_FILE."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InventoryError(f"{path.name}{_fault(error)}. Compare it with cluster.example.yaml.") from None
    except OSError as error:
        raise InventoryError(f"{path.name}: cannot be read: {error.strerror}.") from None
    if not isinstance(document, dict):
        raise InventoryError(f"{path.name}: expected a mapping with the key `nodes`.")
    try:
        return Inventory.model_validate(document)
    except ValidationError as error:
        clauses = problems(error, hidden=_HIDDEN, rename=lambda field: _named(field, document))
        raise InventoryError(f"{path.name}: {clauses}") from None


def _named(field: str, document: dict[str, Any]) -> str:
    """Return `nodes.2.port` as `node rig-6600b: port`, where the node has a name."""
    parts = field.split(".")
    nodes = document.get("nodes")
    if len(parts) < 2 or parts[0] != "nodes" or not parts[1].isdigit() or not isinstance(nodes, list):
        return field
    entry = nodes[int(parts[1])]
    name = entry.get("name") if isinstance(entry, dict) else None
    called = name if isinstance(name, str) and re.fullmatch(_NAME, name) else f"number {int(parts[1]) + 1}"
    return f"node {called}: {'.'.join(parts[2:])}" if parts[2:] else f"node {called}"


def _fault(error: Exception) -> str:
    """Return where a file stops being YAML; never what is written there."""
    mark = getattr(error, "problem_mark", None)
    what = "a key is there twice" if isinstance(error, _KeyTwice) else "not YAML"
    return f": {what}" if mark is None else f", line {mark.line + 1}: {what}"


class _KeyTwice(yaml.constructor.ConstructorError):
    """YAML forbids it, and its loaders silently drop the first: a whole list of nodes, for instance."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise _KeyTwice(problem_mark=key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)
