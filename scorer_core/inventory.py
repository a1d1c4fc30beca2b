"""The inventory: the only list of nodes. Clean, deploy, lanes and collect iterate over it."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, create_model, model_validator

from scorer_core.cluster import NAME, Inventory, Node
from scorer_core.errors import InventoryError, SettingsError
from scorer_core.transport.registry import find, installed
from scorer_core.validation import problems

MAX_CHARACTERS = 2**20
MAX_MERGED_KEYS = 10_000
"""Keys that `<<` may bring into one file: nested merges double with each line."""
FLAT = ("host", "port", "user", "key", "host_key", "ssh_conn_id")
"""The keys of the block `ssh` that stood at the node itself before transports had blocks."""


def load_inventory(path: Path, transport: str) -> Inventory:
    """Read and check the inventory; its nodes are to be reached by the transport of this name.

    Raises:
        InventoryError: the file is missing, is not YAML, or a node is incomplete or contradictory.
        SettingsError: there is no such transport.
    """
    model = _model(transport)
    document = _document(path)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        clauses = problems(error, model=model, rename=lambda field: _named(field, document))
        raise InventoryError(f"{path.name}: {clauses}") from None


@cache
def node_model(transport: str) -> type[Node]:
    """Return the model of a node with a block for each installed transport.

    The block of the transport in use counts as empty where it is not written, so that its own model
    says which keys are missing, if any.

    Raises:
        SettingsError: there is no such transport, or one has a name that the inventory uses otherwise.
    """
    used = find(transport)
    blocks: dict[str, Any] = {name: (each.keys | None, None) for name, each in installed().items()}
    taken = sorted(name for name in blocks if not name.isidentifier() or name in FLAT or name in dir(Node))
    taken += sorted(set(blocks) & set(Node.model_fields))
    if taken:
        raise SettingsError(f"the inventory can have no block {', '.join(taken)}: name this transport otherwise.")
    blocks[transport] = (used.keys, Field(default_factory=dict, validate_default=True))
    return create_model("Node", __base__=_Written, **blocks)


@cache
def _model(transport: str) -> type[Inventory]:
    node: Any = node_model(transport)
    return create_model("Inventory", __base__=Inventory, nodes=(tuple[node, ...], ...))


class _Written(Node):
    """A node as a file has it."""

    @model_validator(mode="before")
    @classmethod
    def _flat_keys_are_the_block_ssh(cls, entry: Any) -> Any:
        flat = [key for key in FLAT if key in entry] if isinstance(entry, dict) else []
        if not flat:
            return entry
        if "ssh" in entry:
            raise ValueError(f"{', '.join(flat)} stand beside the block ssh; write them inside it")
        rest = {key: value for key, value in entry.items() if key not in flat}
        return {**rest, "ssh": {key: entry[key] for key in flat}}


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not path.is_file():  # a pipe or a device has no end
            raise InventoryError(f"{path}: not a file. Set SCORER_CLUSTER_FILE to the inventory.")
        with path.open(encoding="utf-8") as stream:
            text = stream.read(MAX_CHARACTERS + 1)
        if len(text) > MAX_CHARACTERS:
            raise InventoryError(f"{path.name}: more than {MAX_CHARACTERS} characters; is it an inventory?")
        document = _parsed(text)
    except FileNotFoundError:
        raise InventoryError(
            f"{path}: no such inventory. Copy config/cluster.example.yaml and set SCORER_CLUSTER_FILE."
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InventoryError(f"{path.name}{_fault(error)}. Compare it with cluster.example.yaml.") from None
    except OSError as error:
        raise InventoryError(f"{path}: cannot be read: {error.strerror}.") from None
    if not isinstance(document, dict):
        raise InventoryError(f"{path.name}: expected a mapping with the key `nodes`.")
    return document


@lru_cache(maxsize=4)
def _parsed(text: str) -> Any:
    """Parse what is read for each node anew and seldom changes; nobody may change what is returned."""
    return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader; libyaml's would crash on what is nested too deep


def _named(field: str, document: dict[str, Any]) -> str:
    """Return `nodes.2.ssh.port` as `node rig-6600b: ssh.port`, where the node has a name."""
    parts = field.split(".")
    nodes = document.get("nodes")
    if len(parts) < 2 or parts[0] != "nodes" or not parts[1].isdigit() or not isinstance(nodes, list):
        return field
    entry = nodes[int(parts[1])]
    name = entry.get("name") if isinstance(entry, dict) else None
    called = name if isinstance(name, str) and re.fullmatch(NAME, name) else f"number {int(parts[1]) + 1}"
    return f"node {called}: {'.'.join(parts[2:])}" if parts[2:] else f"node {called}"


def _fault(error: Exception) -> str:
    """Return where a file stops being YAML; never what is written there."""
    mark = getattr(error, "problem_mark", None)
    what = "a key is there twice" if isinstance(error, _KeyTwice) else "not YAML"
    return f": {what}" if mark is None else f", line {mark.line + 1}: {what}"


class _KeyTwice(yaml.constructor.ConstructorError):
    """YAML forbids it, and its loaders silently drop the first: a whole list of nodes, for instance."""


class _Loader(yaml.SafeLoader):
    merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        before = len(node.value)
        super().flatten_mapping(node)
        self.merged += max(0, len(node.value) - before)
        if self.merged > MAX_MERGED_KEYS:
            raise yaml.constructor.ConstructorError(problem_mark=node.start_mark)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise _KeyTwice(problem_mark=key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)
