"""The inventory: each way to get it wrong has its message, and none shows a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import yaml
from pydantic import ValidationError

from scorer_airflow.ssh.keys import SshKeys
from scorer_core.cluster import Gpus, Inventory, Node
from scorer_core.errors import InventoryError
from scorer_core.inventory import FLAT, load_inventory, node_model
from scorer_core.rig.gpus import GpuVendor

EXAMPLE = Path(__file__).parents[2] / "config" / "cluster.example.yaml"
KEY, HOST_KEY = "/home/scorer/.ssh/PRIVATE", "ssh-ed25519 AAAAPUBLIC"
SSH: dict[str, Any] = {"host": "rig-a.lan", "user": "scorer", "key": KEY, "host_key": HOST_KEY}
COMMON: dict[str, Any] = {"name": "rig-a", "root": "/home/scorer/node", "gpu": {"vendor": "amd", "count": 8}}
NODE: dict[str, Any] = {**COMMON, "ssh": SSH}


def without(name: str) -> dict[str, Any]:
    """Return the node, or with a dot in the name its block, without one key."""
    block, _, key = name.rpartition(".")
    whole = NODE[block] if block else NODE
    rest = {each: value for each, value in whole.items() if each != key}
    return {**NODE, block: rest} if block else rest


def write(folder: Path, document: object) -> Path:
    path = folder / "cluster.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document), encoding="utf-8")
    return path


def load(folder: Path, *nodes: dict[str, Any], transport: str = "ssh") -> Inventory:
    return load_inventory(write(folder, {"nodes": list(nodes)}), transport)


def refusal(folder: Path, document: object, transport: str = "ssh") -> str:
    """Load a document that must be refused and return what is said, on one line and without keys."""
    with pytest.raises(InventoryError) as error:
        load_inventory(write(folder, document), transport)
    said = str(error.value)
    assert said.startswith("cluster.yaml")
    assert said.isprintable()
    assert not any(secret in said for secret in ("PRIVATE", "PUBLIC"))
    assert error.value.__cause__ is None
    return said


def test_a_node_needs_little_and_the_rest_has_defaults(tmp_path: Path) -> None:
    node = load(tmp_path, NODE).node("rig-a")

    assert (node.python, node.max_concurrent, node.start_stagger_s, node.head) == ("python3", None, 0.0, False)
    assert (node.gpu.vendor, node.gpu.count, node.slots) == (GpuVendor.AMD, 8, 8)
    assert node.block(SshKeys) == SshKeys(host="rig-a.lan", port=22, user="scorer", key=Path(KEY), host_key=HOST_KEY)


@pytest.mark.parametrize(("most", "slots"), [(None, 8), (1, 1), (8, 8), (20, 8)])
def test_a_node_has_a_slot_a_gpu_up_to_its_limit(most: int | None, slots: int) -> None:
    assert Node(**{**COMMON, "max_concurrent": most}).slots == slots


BAD_NODES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"gpus": 8}, "node rig-a: gpus is an unknown key; did you mean 'gpu'?"),
    "unknown key in gpu": (
        {"gpu": {"count": 8, "model": "6600"}},
        "node rig-a: gpu.model is an unknown key; known are: count, vendor.",
    ),
    "a password": ({"password": "PRIVATE"}, "node rig-a: password is an unknown key; known are: gpu, head, local,"),
    "a transport that is not there": ({"pigeon": {"loft": 3}}, "node rig-a: pigeon is an unknown key"),
    "ssh as a word": ({"ssh": "PRIVATE"}, "node rig-a: ssh: a valid dictionary"),
    "a key of local": ({"local": {"host": "x"}}, "node rig-a: local.host is an unknown key"),
    "zero GPUs": ({"gpu": {"count": 0}}, "node rig-a: gpu.count is 0; it should be greater than or equal to 1"),
    "too many GPUs": ({"gpu": {"count": 65}}, "gpu.count is 65; it should be less than or equal to 64"),
    "no GPU count": ({"gpu": {"vendor": "amd"}}, "node rig-a: gpu.count is missing"),
    "another vendor": ({"gpu": {"vendor": "matrox", "count": 1}}, "gpu.vendor is 'matrox'; it should be 'nvidia'"),
    "gpu as a number": ({"gpu": 8}, "node rig-a: gpu is 8; it should be a valid dictionary"),
    "root above": ({"root": "/"}, "root: '/' must be an absolute path below /, without .."),
    "root relative": ({"root": "scorer"}, "root: 'scorer' must be an absolute path"),
    "root at home": ({"root": "~/scorer"}, "root: '~/scorer' must be an absolute path"),
    "root that climbs": ({"root": "/home/../etc"}, "root: '/home/../etc' must be an absolute path"),
    "root with a newline": ({"root": "/home/a\nb"}, r"root: '/home/a\nb' must be an absolute path"),
    "root with a NUL": ({"root": "/home/a\0b"}, r"root: '/home/a\x00b' must be an absolute path"),
    "no lanes": ({"max_concurrent": 0}, "max_concurrent is 0; it should be greater than or equal to 1"),
    "a long stagger": ({"start_stagger_s": 61}, "start_stagger_s is 61; it should be less than or equal to 60"),
    "stagger not a number": ({"start_stagger_s": float("nan")}, "start_stagger_s is nan; it should be"),
}


BAD_BLOCKS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"prot": 2222}, "node rig-a: ssh.prot is an unknown key; did you mean 'port'?"),
    "port 0": ({"port": 0}, "node rig-a: ssh.port is 0; it should be greater than or equal to 1"),
    "port 65536": ({"port": 65536}, "node rig-a: ssh.port is 65536; it should be less than or equal to 65535"),
    "port as a word": ({"port": "ssh"}, "node rig-a: ssh.port is 'ssh'; it should be a valid integer"),
    "a host that is an option": ({"host": "-oProxyCommand=id"}, "ssh.host is '-oProxyCommand=id'; it should match"),
    "a host with a space": ({"host": "a b"}, "ssh.host is 'a b'; it should match"),
    "a user that is an option": ({"user": "-l"}, "ssh.user is '-l'; it should match"),
    "no user": ({"user": ""}, "ssh.user is ''; it should have at least 1 character"),
    "no host key": ({"host_key": ""}, "ssh.host_key: write the type and the key, as `ssh-keyscan` prints them"),
    "a host key with its host": ({"host_key": "rig-a ssh-ed25519 PUBLIC"}, "ssh.host_key: write the type and the key"),
    "a host key that is a list": ({"host_key": [HOST_KEY]}, "ssh.host_key: a valid string"),
    "a host key that is a number": ({"host_key": 7}, "ssh.host_key: a valid string"),
    "a key of nobody": ({"key": "~no-such-user/key"}, "ssh.key: begins with ~ and the name of nobody on this machine"),
    "a key that is a list": ({"key": [KEY]}, "ssh.key: Input is not a valid path"),
}


@pytest.mark.parametrize(("change", "message"), BAD_NODES.values(), ids=BAD_NODES)
def test_a_wrong_value_is_refused_with_the_nodes_name(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    assert message in refusal(tmp_path, {"nodes": [{**NODE, **change}]})


@pytest.mark.parametrize("transport", ["ssh", "local"])
@pytest.mark.parametrize(("change", "message"), BAD_BLOCKS.values(), ids=BAD_BLOCKS)
def test_a_wrong_value_in_a_block_is_refused_whichever_transport_is_used(
    tmp_path: Path, change: dict[str, Any], message: str, transport: str
) -> None:
    assert message in refusal(tmp_path, {"nodes": [{**NODE, "ssh": {**SSH, **change}}]}, transport)


@pytest.mark.parametrize("name", COMMON)
def test_what_has_no_default_has_to_be_there(tmp_path: Path, name: str) -> None:
    node = "number 2" if name == "name" else "rig-a"

    said = refusal(tmp_path, {"nodes": [{**NODE, "name": "first"}, without(name)]})

    assert said == f"cluster.yaml: node {node}: {name} is missing"


@pytest.mark.parametrize("name", SSH)
def test_what_the_transport_in_use_needs_has_to_be_there(tmp_path: Path, name: str) -> None:
    said = refusal(tmp_path, {"nodes": [without(f"ssh.{name}")]})

    assert said == f"cluster.yaml: node rig-a: ssh: {name} is missing; write it, or name an ssh_conn_id"


def test_without_the_block_of_the_transport_in_use_all_its_keys_are_missing(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"nodes": [COMMON]})

    assert said == (
        "cluster.yaml: node rig-a: ssh: host, user, key, host_key is missing; write it, or name an ssh_conn_id"
    )


def test_a_transport_that_needs_no_keys_needs_no_block(tmp_path: Path) -> None:
    node = load(tmp_path, COMMON, transport="local").nodes[0]

    with pytest.raises(InventoryError, match="node rig-a has no SshKeys: add this transport's block"):
        node.block(SshKeys)


def test_a_block_of_another_transport_may_stand_beside(tmp_path: Path) -> None:
    assert load(tmp_path, NODE, transport="local").nodes[0].block(SshKeys).host == "rig-a.lan"


def test_a_node_may_name_an_airflow_connection_instead_of_its_address(tmp_path: Path) -> None:
    keys = load(tmp_path, {**COMMON, "ssh": {"ssh_conn_id": "rig_a"}}).nodes[0].block(SshKeys)

    assert (keys.ssh_conn_id, keys.host, keys.key) == ("rig_a", None, None)


def test_an_address_beside_a_connection_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"nodes": [{**COMMON, "ssh": {**SSH, "ssh_conn_id": "rig_a"}}]})

    assert (
        said == "cluster.yaml: node rig-a: ssh: host, user, key stand beside ssh_conn_id; leave them to the Connection"
    )


@pytest.mark.parametrize("block", [{**SSH, "port": 2222}, {"ssh_conn_id": "rig_a", "host_key": HOST_KEY}])
def test_an_inventory_of_before_with_the_keys_of_ssh_at_the_node_is_read(tmp_path: Path, block: dict[str, Any]) -> None:
    flat = {**COMMON, **block}

    assert load(tmp_path, flat) == load(tmp_path, {**COMMON, "ssh": block})
    assert load(tmp_path, flat, transport="local").nodes[0].block(SshKeys) == SshKeys(**block)


@pytest.mark.parametrize("key", FLAT)
def test_keys_at_the_node_beside_the_block_are_refused(tmp_path: Path, key: str) -> None:
    said = refusal(tmp_path, {"nodes": [{**NODE, key: "PRIVATE"}]})

    assert said == f"cluster.yaml: node rig-a: {key} stand beside the block ssh; write them inside it"


def test_a_wrong_key_at_the_node_is_refused_too(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"nodes": [{**COMMON, **SSH, "port": 0}]})

    assert said == "cluster.yaml: node rig-a: ssh.port is 0; it should be greater than or equal to 1"


@pytest.mark.parametrize(
    "name", ["", "a b", "a\n", "../x", "/a", "-rf", ".hidden", "a/b", "$(id)", "\x1b[31mred", "é", "x" * 64, 5, None]
)
def test_a_hostile_name_is_refused_and_not_repeated_raw(tmp_path: Path, name: object) -> None:
    assert refusal(tmp_path, {"nodes": [{**NODE, "name": name}]}).startswith("cluster.yaml: node number 1: name is ")


MERGED = "".join(f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
"""Eight lines of merge keys that come to 9⁸ pairs."""
DOCUMENTS: dict[str, tuple[object, str]] = {
    "two nodes that are one folder of one machine": (
        {"nodes": [NODE, {**NODE, "name": "rig-b"}]},
        "cluster.yaml: nodes rig-a and rig-b are one folder of one machine; they would end each other's workers.",
    ),
    "keys merged without end": (f"a0: &a0 {{x: 1}}\n{MERGED}nodes: []\n", "cluster.yaml, line "),
    "nested without end": ("[" * 100_000, "cluster.yaml"),
    "a day that is none": ("nodes:\n- name: 2026-13-45\n", "cluster.yaml"),
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
    first = {**without("root"), "ssh": {**SSH, "port": 0}}
    said = refusal(tmp_path, {"nodes": [first, {**NODE, "name": "rig-b", "gpu": {"count": 0}}]})

    assert [part.partition(":")[0] for part in said.removeprefix("cluster.yaml: ").split("; ")[::1]] == [
        "node rig-a",
        "node rig-a",
        "it should be greater than or equal to 1",
        "node rig-b",
        "it should be greater than or equal to 1",
    ]


def test_a_missing_inventory_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"cluster.yaml: no such inventory. Copy config/cluster.example.yaml and"):
        load_inventory(tmp_path / "cluster.yaml", "ssh")


def test_a_folder_is_no_inventory(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="not a file"):
        load_inventory(tmp_path, "ssh")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_bytes(b"nodes: \xff\xfe")

    with pytest.raises(InventoryError, match="cluster.yaml: not YAML"):
        load_inventory(tmp_path / "cluster.yaml", "ssh")


def test_keys_are_not_shown(tmp_path: Path) -> None:
    inventory = load(tmp_path, NODE)

    for text in (repr(inventory), str(inventory), repr(inventory.nodes[0]), f"{inventory.nodes[0]}"):
        assert "rig-a" in text
        assert "PRIVATE" not in text
        assert "PUBLIC" not in text


def test_an_unknown_node_is_refused_with_those_that_are_known() -> None:
    inventory = Inventory(nodes=(Node(**COMMON), Node(**{**COMMON, "name": "rig-b"})))

    assert inventory.node("rig-b").name == "rig-b"
    with pytest.raises(InventoryError, match="no node 'rig-c' in the inventory; it lists rig-a, rig-b"):
        inventory.node("rig-c")


def test_an_inventory_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        node_model("ssh").model_validate(NODE).head = True  # type: ignore[misc]


def test_the_example_is_a_valid_inventory_of_26_gpus() -> None:
    inventory = load_inventory(EXAMPLE, "ssh")

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
    keys = (set(Node.model_fields) - {"gpu"}) | {f"gpu.{name}" for name in Gpus.model_fields}
    keys |= {f"ssh.{name}" for name in SshKeys.model_fields}

    assert keys <= explained
    assert "ssh-keyscan" in text
    for node in load_inventory(EXAMPLE, "ssh").nodes:
        assert "REPLACE" in str(node.block(SshKeys).host_key), "nobody's real key"


def test_a_file_is_parsed_anew_only_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inventory, real = load(tmp_path, NODE), yaml.load
    parse = Mock(side_effect=real)
    monkeypatch.setattr(yaml, "load", parse)

    assert load(tmp_path, NODE) == inventory
    assert parse.call_count == 0
    assert load(tmp_path, {**NODE, "name": "rig-b"}).nodes[0].name == "rig-b"
    assert parse.call_count == 1
