"""The inventory: each way to get it wrong has its message, and none shows a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from scorer_core.cluster import GpuVendor, Inventory, Node, load_inventory
from scorer_core.errors import InventoryError

EXAMPLE = Path(__file__).parents[2] / "config" / "cluster.example.yaml"
KEY, HOST_KEY = "/home/scorer/.ssh/PRIVATE", "ssh-ed25519 AAAAPUBLIC"
NODE: dict[str, Any] = {
    "name": "rig-a",
    "host": "rig-a.lan",
    "user": "scorer",
    "key": KEY,
    "host_key": HOST_KEY,
    "root": "/home/scorer/node",
    "gpu": {"vendor": "amd", "count": 8},
}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in NODE.items() if name not in names}


def write(folder: Path, document: object) -> Path:
    path = folder / "cluster.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document), encoding="utf-8")
    return path


def refusal(folder: Path, document: object) -> str:
    """Load a document that must be refused and return what is said, on one line and without keys."""
    with pytest.raises(InventoryError) as error:
        load_inventory(write(folder, document))
    said = str(error.value)
    assert said.startswith("cluster.yaml")
    assert said.isprintable()
    assert not any(secret in said for secret in ("PRIVATE", "PUBLIC"))
    assert error.value.__cause__ is None
    return said


def test_a_node_needs_little_and_the_rest_has_defaults(tmp_path: Path) -> None:
    node = load_inventory(write(tmp_path, {"nodes": [NODE]})).node("rig-a")

    assert (node.port, node.python, node.max_concurrent, node.start_stagger_s, node.head) == (
        22,
        "python3",
        None,
        0.0,
        False,
    )
    assert (node.gpu.vendor, node.gpu.count, node.slots) == (GpuVendor.AMD, 8, 8)
    assert (str(node.key), node.host_key) == (KEY, HOST_KEY)


@pytest.mark.parametrize(("most", "slots"), [(None, 8), (1, 1), (8, 8), (20, 8)])
def test_a_node_has_a_slot_a_gpu_up_to_its_limit(most: int | None, slots: int) -> None:
    assert Node(**{**NODE, "max_concurrent": most}).slots == slots


BAD_NODES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"gpus": 8}, "node rig-a: gpus is an unknown key"),
    "unknown key in gpu": ({"gpu": {"count": 8, "model": "6600"}}, "node rig-a: gpu.model is an unknown key"),
    "a password": ({"password": "PRIVATE"}, "node rig-a: password is an unknown key"),
    "zero GPUs": ({"gpu": {"count": 0}}, "node rig-a: gpu.count is 0; it should be greater than or equal to 1"),
    "too many GPUs": ({"gpu": {"count": 65}}, "gpu.count is 65; it should be less than or equal to 64"),
    "no GPU count": ({"gpu": {"vendor": "amd"}}, "node rig-a: gpu.count is missing"),
    "another vendor": ({"gpu": {"vendor": "intel", "count": 1}}, "gpu.vendor is 'intel'; it should be 'nvidia' or"),
    "gpu as a number": ({"gpu": 8}, "node rig-a: gpu is 8; it should be a valid dictionary"),
    "port 0": ({"port": 0}, "node rig-a: port is 0; it should be greater than or equal to 1"),
    "port 65536": ({"port": 65536}, "node rig-a: port is 65536; it should be less than or equal to 65535"),
    "port as a word": ({"port": "ssh"}, "node rig-a: port is 'ssh'; it should be a valid integer"),
    "root above": ({"root": "/"}, "root: '/' must be an absolute path below /, without .."),
    "root relative": ({"root": "scorer"}, "root: 'scorer' must be an absolute path"),
    "root at home": ({"root": "~/scorer"}, "root: '~/scorer' must be an absolute path"),
    "root that climbs": ({"root": "/home/../etc"}, "root: '/home/../etc' must be an absolute path"),
    "root with a newline": ({"root": "/home/a\nb"}, r"root: '/home/a\nb' must be an absolute path"),
    "root with a NUL": ({"root": "/home/a\0b"}, r"root: '/home/a\x00b' must be an absolute path"),
    "a host that is an option": ({"host": "-oProxyCommand=id"}, "host is '-oProxyCommand=id'; it should match"),
    "a host with a space": ({"host": "a b"}, "host is 'a b'; it should match"),
    "a user that is an option": ({"user": "-l"}, "user is '-l'; it should match"),
    "no user": ({"user": ""}, "user is ''; it should have at least 1 character"),
    "no host key": ({"host_key": ""}, "host_key: write the type and the key, as `ssh-keyscan` prints them"),
    "a host key with its host": ({"host_key": "rig-a ssh-ed25519 PUBLIC"}, "host_key: write the type and the key"),
    "a host key that is a list": ({"host_key": [HOST_KEY]}, "host_key: a valid string"),
    "a host key that is a number": ({"host_key": 7}, "host_key: a valid string"),
    "a key that is a list": ({"key": [KEY]}, "key: Input is not a valid path"),
    "no lanes": ({"max_concurrent": 0}, "max_concurrent is 0; it should be greater than or equal to 1"),
    "a long stagger": ({"start_stagger_s": 61}, "start_stagger_s is 61; it should be less than or equal to 60"),
    "stagger not a number": ({"start_stagger_s": float("nan")}, "start_stagger_s is nan; it should be"),
}


@pytest.mark.parametrize(("change", "message"), BAD_NODES.values(), ids=BAD_NODES)
def test_a_wrong_value_is_refused_with_the_nodes_name(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    assert message in refusal(tmp_path, {"nodes": [{**NODE, **change}]})


ADDRESS = ("host", "user", "key", "host_key")


@pytest.mark.parametrize("name", list(NODE))
def test_what_has_no_default_has_to_be_there(tmp_path: Path, name: str) -> None:
    node = "number 2" if name == "name" else "rig-a"

    said = refusal(tmp_path, {"nodes": [{**NODE, "name": "first"}, without(name)]})

    hint = "; write it, or name an ssh_conn_id" if name in ADDRESS else ""
    assert said == f"cluster.yaml: node {node}: {name} is missing{hint}"


def test_a_node_may_name_an_airflow_connection_instead_of_its_address(tmp_path: Path) -> None:
    by_connection = {name: value for name, value in NODE.items() if name not in ADDRESS}

    node = load_inventory(write(tmp_path, {"nodes": [{**by_connection, "ssh_conn_id": "rig_a"}]})).nodes[0]

    assert (node.ssh_conn_id, node.host, node.key) == ("rig_a", None, None)


def test_an_address_beside_a_connection_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"nodes": [{**NODE, "ssh_conn_id": "rig_a"}]})

    assert said == "cluster.yaml: node rig-a: host, user, key stand beside ssh_conn_id; leave them to the Connection"


@pytest.mark.parametrize(
    "name", ["", "a b", "a\n", "../x", "/a", "-rf", ".hidden", "a/b", "$(id)", "\x1b[31mred", "é", "x" * 64, 5, None]
)
def test_a_hostile_name_is_refused_and_not_repeated_raw(tmp_path: Path, name: object) -> None:
    assert refusal(tmp_path, {"nodes": [{**NODE, "name": name}]}).startswith("cluster.yaml: node number 1: name is ")


DOCUMENTS: dict[str, tuple[object, str]] = {
    "duplicate node": ({"nodes": [NODE, NODE]}, "cluster.yaml: node rig-a is listed more than once; give each"),
    "no nodes": ({"nodes": []}, "cluster.yaml: nodes is empty; list at least one node"),
    "no list": ({"nodes": NODE}, "cluster.yaml: nodes: a valid tuple"),
    "another key": ({"node": [NODE]}, "cluster.yaml: nodes is missing; node is an unknown key"),
    "a number as key": ({"nodes": [NODE], 1: 2}, "cluster.yaml: 1 is an unknown key"),
    "a node that is a word": (
        {"nodes": ["rig-a"]},
        "cluster.yaml: node number 1 is 'rig-a'; it should be a valid dict",
    ),
    "a list": ([NODE], "cluster.yaml: expected a mapping with the key `nodes`"),
    "an empty file": ("", "cluster.yaml: expected a mapping with the key `nodes`"),
    "not YAML": ("nodes:\n  - key: {PRIVATE\n", "cluster.yaml, line 3: not YAML"),
    "not text": ("nodes: \0", "cluster.yaml: not YAML"),
    "a tag": ("nodes: !!python/object/apply:os.system [id]", "cluster.yaml, line 1: not YAML"),
    "two lists": ("nodes: []\nnodes: []\n", "cluster.yaml, line 2: a key is there twice"),
    "a port twice": ("nodes:\n- name: a\n  port: 1\n  port: 2\n", "cluster.yaml, line 4: a key is there twice"),
}


@pytest.mark.parametrize(("document", "message"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_that_is_no_inventory_is_refused(tmp_path: Path, document: object, message: str) -> None:
    assert refusal(tmp_path, document).startswith(message)


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    said = refusal(
        tmp_path, {"nodes": [{**without("root"), "port": 0}, {**NODE, "name": "rig-b", "gpu": {"count": 0}}]}
    )

    assert [part.partition(":")[0] for part in said.removeprefix("cluster.yaml: ").split("; ")[::1]] == [
        "node rig-a",
        "it should be greater than or equal to 1",
        "node rig-a",
        "node rig-b",
        "it should be greater than or equal to 1",
    ]


def test_a_missing_inventory_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"cluster.yaml: no such inventory. Copy config/cluster.example.yaml and"):
        load_inventory(tmp_path / "cluster.yaml")


def test_a_folder_is_no_inventory(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="cannot be read: Is a directory"):
        load_inventory(tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_bytes(b"nodes: \xff\xfe")

    with pytest.raises(InventoryError, match="cluster.yaml: not YAML"):
        load_inventory(tmp_path / "cluster.yaml")


def test_keys_are_not_shown(tmp_path: Path) -> None:
    inventory = load_inventory(write(tmp_path, {"nodes": [NODE]}))

    for text in (repr(inventory), str(inventory), repr(inventory.nodes[0]), f"{inventory.nodes[0]}"):
        assert "rig-a" in text
        assert "PRIVATE" not in text
        assert "PUBLIC" not in text


def test_an_unknown_node_is_refused_with_those_that_are_known() -> None:
    inventory = Inventory(nodes=(Node(**NODE), Node(**{**NODE, "name": "rig-b"})))

    assert inventory.node("rig-b").name == "rig-b"
    with pytest.raises(InventoryError, match="no node 'rig-c' in the inventory; it lists rig-a, rig-b"):
        inventory.node("rig-c")


def test_an_inventory_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Node(**NODE).port = 23  # type: ignore[misc]


def test_the_example_is_a_valid_inventory_of_26_gpus() -> None:
    inventory = load_inventory(EXAMPLE)

    assert [(node.name, node.gpu.vendor.value, node.slots, node.head) for node in inventory.nodes] == [
        ("head", "nvidia", 2, True),
        ("rig-6600", "amd", 8, False),
        ("rig-6600b", "amd", 8, False),
        ("rig-6600c", "amd", 8, False),
    ]
    assert sum(node.slots for node in inventory.nodes) == 26


def test_the_example_explains_every_key_and_marks_what_to_replace() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    explained = {line[4:].split()[0] for line in text.splitlines() if line.startswith("#   ") and line[4:5].strip()}
    keys = (set(Node.model_fields) - {"gpu"}) | {"gpu.vendor", "gpu.count"}

    assert keys <= explained
    assert "ssh-keyscan" in text
    for node in load_inventory(EXAMPLE).nodes:
        assert "REPLACE" in str(node.host_key), "nobody's real key"
