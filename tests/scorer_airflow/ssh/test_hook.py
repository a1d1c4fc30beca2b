"""Given a node and what the inventory says of it: the hook connects to that node alone, or says why not."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import pytest

from scorer_airflow.ssh import hook
from scorer_airflow.ssh.connect import connect
from scorer_airflow.ssh.hook import NodeHook
from scorer_core.cluster import Node
from scorer_core.errors import AuthenticationFailed, FinalRigError, HostKeyMismatch, RigDown, RigUnreachable
from scorer_core.inventory import node_model
from sim.rigs.cluster import NodeSpec, SimCluster
from sim.rigs.keys import KeyPair, make_key_pair, public_line
from tests.support.needs import require_program
from tests.support.sshd import OpenSshServer

pytestmark = pytest.mark.slow

USER = "scorer"


@pytest.fixture(scope="module")
def sim_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with SimCluster.start(
        None, tmp_path_factory.mktemp("hook") / "c", nodes=[NodeSpec("rig-a", "nvidia", 1)]
    ) as cluster:
        yield cluster.nodes[0].inventory_entry()


@pytest.fixture(scope="module")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with OpenSshServer(tmp_path_factory.mktemp("hook") / "s") as server:
        yield server.inventory_entry()


@pytest.fixture(params=["sim_node", "openssh"])
def entry(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The inventory's entry of a node that is up, simulated or OpenSSH."""
    found: dict[str, Any] = request.getfixturevalue(request.param)
    return dict(found)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory with an empty .ssh."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    """A key that no node knows."""
    return make_key_pair(tmp_path_factory.mktemp("stranger") / "strangers_secret")


class KeyServer:
    """An SSH server with host keys of our choice, which lets everybody in, or leaves all waiting for its answer."""

    def __init__(self, *host_keys: asyncssh.SSHKey, answers: bool = True) -> None:
        self._answers = answers
        self._loop = asyncio.new_event_loop()
        started: Future[int] = Future()
        self._thread = threading.Thread(target=self._serve, args=(host_keys, started))
        self._thread.start()
        self.port = started.result(10)

    def _serve(self, host_keys: tuple[asyncssh.SSHKey, ...], started: Future[int]) -> None:
        connections: list[asyncssh.SSHServerConnection] = []
        answers = self._answers

        class LetsEverybodyIn(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                connections.append(conn)

            async def begin_auth(self, username: str) -> bool:
                while not answers:
                    await asyncio.sleep(3600)
                return False

        async def serve() -> None:
            self._stop = asyncio.Event()
            listener = await asyncssh.listen(
                "127.0.0.1", 0, server_factory=LetsEverybodyIn, server_host_keys=list(host_keys)
            )
            async with listener:
                started.set_result(listener.get_port())
                await self._stop.wait()
            for connection in connections:
                connection.abort()
                await connection.wait_closed()

        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(serve())

    def __enter__(self) -> KeyServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


@pytest.fixture(scope="module")
def host_keys() -> dict[str, asyncssh.SSHKey]:
    return {kind: asyncssh.generate_private_key(kind) for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa")}


def node_of(entry: dict[str, Any], **changes: Any) -> Node:
    """Return the node of an entry, with changes in its block."""
    return node_model("ssh").model_validate({**entry, "ssh": {**entry["ssh"], **changes}})


def greet(entry: dict[str, Any], **changes: Any) -> str:
    """Connect as the inventory says and return the host key that was shown."""
    made = NodeHook(node_of(entry, **changes))
    client = made.get_conn()
    try:
        transport = client.get_transport()
        assert transport is not None
        assert made.get_conn() is client, "it connected twice"
        return transport.get_remote_server_key().get_name()
    finally:
        client.close()


def refused(kind: type[FinalRigError], entry: dict[str, Any], **changes: Any) -> str:
    """Return the message of the error that a connection ends in, after a look for secrets in it."""
    own = {**entry["ssh"], **changes}
    with pytest.raises(kind) as caught:
        greet(entry, **changes)
    message = str(caught.value)
    assert message.startswith(f"{entry['name']}: ")
    assert caught.value.__suppress_context__, "the traceback would show the first error, with all it says"
    for secret in (
        str(own["key"]),
        Path(own["key"]).name,
        *(each["host_key"].split()[1] for each in (own, entry["ssh"])),
    ):
        assert secret not in message
    return message


def entry_of(server: KeyServer, key: KeyPair, host_key: str) -> dict[str, Any]:
    return {
        "name": "rig-k",
        "ssh": {
            "host": "127.0.0.1",
            "port": server.port,
            "user": USER,
            "key": str(key.path),
            "host_key": host_key,
        },
        "root": "/x",
        "gpu": {"count": 1},
    }


def test_the_node_of_the_inventory_is_reached(entry: dict[str, Any]) -> None:
    assert greet(entry) == "ssh-ed25519"


def fingerprint(line: str) -> str:
    """Return what `ssh-keygen -lf` prints of a public key, by OpenSSH itself."""
    done = subprocess.run(["ssh-keygen", "-lf", "-"], input=line, capture_output=True, text=True, check=True)
    return done.stdout.split()[1]


def test_another_host_key_of_the_same_type_is_refused_with_what_to_do(entry: dict[str, Any], stranger: KeyPair) -> None:
    message = refused(HostKeyMismatch, entry, host_key=stranger.public)

    assert f"the node shows {fingerprint(entry['ssh']['host_key'])} (ssh-ed25519)" in message
    assert f"`host_key` is {fingerprint(stranger.public)} (ssh-ed25519)" in message
    assert "ssh-keyscan" in message
    assert "do not connect" in message


@pytest.mark.parametrize("pinned", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
@pytest.mark.parametrize("offered", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_a_server_is_good_when_it_shows_the_pinned_key_and_no_other_type_will_do(
    host_keys: dict[str, asyncssh.SSHKey], stranger: KeyPair, pinned: str, offered: str
) -> None:
    with KeyServer(host_keys[offered]) as server:
        entry = entry_of(server, stranger, public_line(host_keys[pinned]))
        if pinned == offered:
            assert greet(entry) == pinned
        else:
            message = refused(HostKeyMismatch, entry)
            for key in (offered, pinned):
                assert f"{fingerprint(public_line(host_keys[key]))} ({key})" in message


@pytest.mark.parametrize("pinned", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_a_server_with_keys_of_all_types_is_asked_for_the_pinned_one(
    host_keys: dict[str, asyncssh.SSHKey], stranger: KeyPair, pinned: str
) -> None:
    with KeyServer(*host_keys.values()) as server:
        assert greet(entry_of(server, stranger, public_line(host_keys[pinned]))) == pinned


@pytest.mark.parametrize("known", ["right", "contradicting", "revoked"])
@pytest.mark.parametrize("pinned", ["right", "wrong"])
def test_the_users_known_hosts_neither_help_nor_hurt(
    entry: dict[str, Any], home: Path, stranger: KeyPair, known: str, pinned: str
) -> None:
    own = entry["ssh"]
    line = {"right": own["host_key"], "contradicting": stranger.public, "revoked": own["host_key"]}[known]
    mark = "@revoked " if known == "revoked" else ""
    (home / ".ssh" / "known_hosts").write_text(f"{mark}[{own['host']}]:{own['port']} {line}\n")

    if pinned == "right":
        assert greet(entry) == "ssh-ed25519"
    else:
        refused(HostKeyMismatch, entry, host_key=stranger.public)


def test_settings_of_the_user_that_are_none_are_the_nodes_trouble(entry: dict[str, Any], home: Path) -> None:
    (home / ".ssh" / "config").write_text("Host *\n  nonsense\n")

    assert "Check ~/.ssh/config" in refused(AuthenticationFailed, entry)


def test_the_users_own_keys_are_not_tried(entry: dict[str, Any], home: Path, stranger: KeyPair) -> None:
    (home / ".ssh" / "id_ed25519").write_bytes(Path(entry["ssh"]["key"]).read_bytes())
    (home / ".ssh" / "id_ed25519").chmod(0o600)

    assert "authorized_keys" in refused(AuthenticationFailed, entry, key=str(stranger.path))


def test_a_key_that_the_node_does_not_know_is_refused(entry: dict[str, Any], stranger: KeyPair) -> None:
    message = refused(AuthenticationFailed, entry, key=str(stranger.path))

    assert "authorized_keys" in message


def test_a_user_that_the_node_does_not_know_is_refused_and_named(entry: dict[str, Any]) -> None:
    assert "'nobody-here'" in refused(AuthenticationFailed, entry, user="nobody-here")


def _encrypted() -> bytes:
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh", passphrase="secret")


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"not a key\n",
        bytes(range(256)),
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        _encrypted,  # made when it is needed: a passphrase costs a second
        asyncssh.generate_private_key("ssh-ed25519").export_public_key(),
        asyncssh.generate_private_key("ssh-ed25519").export_private_key("pkcs8-der"),
        asyncssh.generate_private_key("ssh-ed448").export_private_key(),
    ],
    ids=["missing", "empty", "text", "bytes", "hollow", "with a passphrase", "public half", "DER", "ed448"],
)
def test_a_private_key_that_cannot_be_read_is_said_so(
    sim_node: dict[str, Any], tmp_path: Path, content: bytes | Callable[[], bytes] | None
) -> None:
    key = tmp_path / "rig_key"
    if content is not None:
        key.write_bytes(content() if callable(content) else content)

    assert "Check `key`" in refused(AuthenticationFailed, sim_node, key=str(key))


def test_a_folder_in_place_of_the_private_key_is_said_so(sim_node: dict[str, Any], tmp_path: Path) -> None:
    assert "Check `key`" in refused(AuthenticationFailed, sim_node, key=str(tmp_path))


@pytest.mark.parametrize("kind", ["ecdsa", "rsa", "ed25519"])
def test_private_keys_of_each_usual_type_are_read(
    host_keys: dict[str, asyncssh.SSHKey], tmp_path: Path, kind: str
) -> None:
    key = tmp_path / "key"
    subprocess.run([require_program("ssh-keygen"), "-q", "-t", kind, "-N", "", "-f", key], check=True)
    with KeyServer(host_keys["ssh-ed25519"]) as server:
        entry = entry_of(server, KeyPair(key, ""), public_line(host_keys["ssh-ed25519"]))
        assert greet(entry) == "ssh-ed25519"


def _shortened(line: str) -> str:
    return line[:-16]


def _of_another_type(line: str) -> str:
    return line.replace("ssh-ed25519", "ssh-rsa", 1)


def _not_base64(line: str) -> str:
    return line[:-4] + "!?:;"


@pytest.mark.parametrize("spoil", [_shortened, _of_another_type, _not_base64])
def test_a_malformed_host_key_is_refused_before_anything_is_sent(
    sim_node: dict[str, Any], spoil: Callable[[str], str]
) -> None:
    message = refused(HostKeyMismatch, sim_node, host_key=spoil(sim_node["ssh"]["host_key"]))

    assert "not a public key" in message


@pytest.mark.parametrize("line", ["ssh-dss AAAAB3NzaC1kc3M=", "rsa AAAA", "ssh-ed25519 AAAA", "ssh-ed25519 ÄÖÜ"])
def test_a_host_key_of_no_kind_that_we_know_is_refused(sim_node: dict[str, Any], line: str) -> None:
    assert "not a public key" in refused(HostKeyMismatch, sim_node, host_key=line)


def test_a_port_that_nobody_serves_is_unreachable(entry: dict[str, Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(RigUnreachable, match=r"no SSH connection \(NoValidConnectionsError: Unable to connect"):
            greet(entry, port=taken.getsockname()[1])


def test_a_host_that_does_not_exist_is_unreachable(entry: dict[str, Any]) -> None:
    with pytest.raises(RigUnreachable, match="no SSH connection"):
        greet(entry, host="no-such-host.invalid")


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"SSH-2.0-half\r\n"], ids=["mute", "web", "half"])
def test_a_server_that_does_not_speak_ssh_is_given_up_in_time(
    sim_node: dict[str, Any], monkeypatch: pytest.MonkeyPatch, words: bytes
) -> None:
    """A hung sshd: the kernel takes the connection, and nothing comes; it is not tried again and again."""
    taken: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                taken.append(connection)
                connection.sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            assert_down_in_time(monkeypatch, node_of(sim_node, port=listener.getsockname()[1]))
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for connection in taken:
                connection.close()
    assert len(taken) == 1


def test_a_server_that_says_nothing_of_our_key_is_given_up_in_time(
    host_keys: dict[str, asyncssh.SSHKey], stranger: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = host_keys["ssh-ed25519"]
    with KeyServer(own, answers=False) as server:
        line = " ".join(own.export_public_key().decode().split()[:2])
        assert_down_in_time(monkeypatch, node_model("ssh").model_validate(entry_of(server, stranger, line)))


def assert_down_in_time(monkeypatch: pytest.MonkeyPatch, node: Node) -> None:
    """Assert that a command there ends after one connection time-out, as on a node where nobody answers."""
    monkeypatch.setattr(hook, "CONNECT_TIMEOUT_S", 1)
    started = time.monotonic()

    with pytest.raises(RigDown, match="no SSH connection: no answer within 1 s"), connect(node) as transport:
        transport.run("true")

    assert 1.0 <= time.monotonic() - started < 2.5


def test_a_refused_connection_leaves_no_thread_behind(sim_node: dict[str, Any], stranger: KeyPair) -> None:
    refused(HostKeyMismatch, sim_node, host_key=stranger.public)
    refused(AuthenticationFailed, sim_node, key=str(stranger.path))

    left = [thread for thread in threading.enumerate() if isinstance(thread, paramiko.Transport)]
    for thread in left:
        thread.join(5)
    assert not any(thread.is_alive() for thread in left)


def test_only_strong_algorithms_are_offered(entry: dict[str, Any]) -> None:
    with connect(node_model("ssh").model_validate(entry)) as transport:
        transport.run("true")
        link = transport._client().get_transport()  # type: ignore[attr-defined]
        names = [name for what in ("ciphers", "macs", "kex", "keys") for name in getattr(link, f"preferred_{what}")]

    assert not [name for name in names if re.search("cbc|md5|sha1(?![0-9])|arcfour|dss|ssh-rsa", name)]
    assert {"aes256-ctr", "hmac-sha2-256", "curve25519-sha256@libssh.org", "ssh-ed25519"} <= set(names)


def test_a_connection_that_broke_is_made_anew(sim_node: dict[str, Any]) -> None:
    with connect(node_of(sim_node)) as transport:
        assert transport.run("echo one").stdout == b"one\n"
        transport.close()
        assert transport.run("echo two").stdout == b"two\n"
