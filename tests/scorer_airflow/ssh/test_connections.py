"""A node may leave its address and its credentials to an Airflow Connection; its host key is verified all the same."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from scorer_airflow.ssh.connect import connect
from scorer_core.cluster import Node
from scorer_core.errors import AuthenticationFailed, HostKeyMismatch
from scorer_core.inventory import node_model
from sim.rigs.cluster import NodeSpec, SimCluster
from sim.rigs.keys import make_key_pair

CONN_ID = "rig_a"


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("connections") / "cluster"
    with SimCluster.start(None, folder, nodes=[NodeSpec("rig-a", "nvidia", 1)]) as cluster:
        yield cluster.node("rig-a").inventory_entry()


def node_of(entry: dict[str, Any], **changes: Any) -> Node:
    return node_model("ssh").model_validate({**entry, "ssh": {"ssh_conn_id": CONN_ID, **changes}})


def set_connection(monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], **extra: Any) -> None:
    own = entry["ssh"]
    connection = {"conn_type": "ssh", "host": own["host"], "port": own["port"], "login": own["user"]}
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps({**connection, "extra": extra}))


def test_the_connection_gives_address_key_and_host_key(monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any]) -> None:
    set_connection(monkeypatch, entry, key_file=entry["ssh"]["key"], host_key=entry["ssh"]["host_key"])

    with connect(node_of(entry)) as transport:
        assert transport.run("echo hello").stdout == b"hello\n"


def test_the_private_key_may_be_in_the_connection(monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any]) -> None:
    with open(entry["ssh"]["key"], encoding="utf-8") as key:
        set_connection(monkeypatch, entry, private_key=key.read())

    with connect(node_of(entry, host_key=entry["ssh"]["host_key"])) as transport:
        assert transport.run("echo hello").stdout == b"hello\n"


def test_without_any_host_key_nothing_is_trusted(monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any]) -> None:
    set_connection(monkeypatch, entry, key_file=entry["ssh"]["key"], no_host_key_check="true")

    with pytest.raises(HostKeyMismatch, match="no host is trusted unseen"), connect(node_of(entry)) as transport:
        transport.run("true")


def test_another_host_key_than_the_connections_is_refused(
    monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = make_key_pair(tmp_path_factory.mktemp("stranger") / "key")
    set_connection(monkeypatch, entry, key_file=entry["ssh"]["key"], host_key=stranger.public)

    with pytest.raises(HostKeyMismatch, match="not the one in the inventory"), connect(node_of(entry)) as transport:
        transport.run("true")


def test_a_password_is_never_sent(monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any]) -> None:
    set_connection(monkeypatch, entry, host_key=entry["ssh"]["host_key"])
    known = json.loads(os.environ[f"AIRFLOW_CONN_{CONN_ID.upper()}"])
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps({**known, "password": "hunter2"}))

    with pytest.raises(AuthenticationFailed, match="has no key, and no password is ever sent") as refusal:
        with connect(node_of(entry)) as transport:
            transport.run("true")

    assert "hunter2" not in str(refusal.value)


def test_a_refused_key_is_final(
    monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = make_key_pair(tmp_path_factory.mktemp("stranger") / "key")
    set_connection(monkeypatch, entry, key_file=str(stranger.path), host_key=entry["ssh"]["host_key"])

    with pytest.raises(AuthenticationFailed) as refusal, connect(node_of(entry)) as transport:
        transport.run("true")

    assert str(stranger.path) not in str(refusal.value)


def test_a_connection_that_is_not_there_is_the_nodes_trouble(entry: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationFailed, match="^rig-a: there is no Airflow Connection rig_a. .* `ssh_conn_id`"):
        connect(node_of(entry))


@pytest.mark.parametrize(
    "extra",
    [{"host_key": "ssh-dss AAAA"}, {"host_key": "ssh-ed25519 A"}, {"private_key": "hunter2"}],
    ids=["a host key of another kind", "half a host key", "no private key"],
)
def test_a_connection_that_holds_something_else_is_the_nodes_trouble(
    monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], extra: dict[str, str]
) -> None:
    set_connection(monkeypatch, entry, **extra)

    with pytest.raises(AuthenticationFailed, match=r"^rig-a: the Airflow Connection rig_a cannot be used") as refusal:
        connect(node_of(entry))

    assert not any(value in str(refusal.value) for value in extra.values())
