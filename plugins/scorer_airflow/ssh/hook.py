"""The provider's SSHHook for one node of the inventory: one pinned host key, one key, no guessing."""

from __future__ import annotations

import logging
import time
from typing import Any

import paramiko
from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException
from cryptography.exceptions import UnsupportedAlgorithm
from paramiko.config import SSH_PORT
from paramiko.pkey import UnknownKeyType

from scorer_airflow.ssh.host_keys import RefuseUnpinned, public_key, refuse
from scorer_airflow.ssh.keys import SshKeys
from scorer_core.cluster import Node
from scorer_core.errors import AuthenticationFailed, HostKeyMismatch, RigDown, RigError, RigUnreachable

CONNECT_TIMEOUT_S = 10
KEEPALIVE_S = 10
WEAK = {
    "ciphers": ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"],
    "macs": ["hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"],
    "keys": ["ssh-rsa", "ssh-dss"],
    "pubkeys": ["ssh-rsa", "ssh-dss"],
    "kex": ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1"],
}
"""What paramiko knows and we do not accept: CBC, MD5, SHA-1."""


def _at_debug(record: logging.LogRecord) -> bool:
    """Make DEBUG of paramiko's INFO: what it tells of each connection and file drowns what a task tells."""
    if record.levelno == logging.INFO:
        record.levelno, record.levelname = logging.DEBUG, logging.getLevelName(logging.DEBUG)
    return record.levelno > logging.DEBUG or logging.getLogger().isEnabledFor(logging.DEBUG)


for _name in ("paramiko.transport", "paramiko.transport.sftp"):
    logging.getLogger(_name).addFilter(_at_debug)


class _InfoAtDebug:
    """A logger whose INFO is DEBUG: the provider tells whole commands, and with them the source of our scripts."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.info = log.debug

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class NodeHook(SSHHook):
    """Connects to a node as the inventory says, and to nothing else.

    The provider would also accept a key from the user's known_hosts, or any key of a type that is
    not pinned; here the pinned key alone is good, so that the inventory stays the only list.

    Raises:
        AuthenticationFailed: the node's Airflow Connection is not there, or holds what is no address and no key.
    """

    def __init__(self, node: Node) -> None:
        keys = node.block(SshKeys)
        try:
            super().__init__(
                ssh_conn_id=keys.ssh_conn_id,
                remote_host=keys.host or "",
                username=keys.user,
                port=None if keys.ssh_conn_id else keys.port,
                key_file=None if keys.key is None else str(keys.key),
                conn_timeout=CONNECT_TIMEOUT_S,
                auth_timeout=CONNECT_TIMEOUT_S,
                banner_timeout=CONNECT_TIMEOUT_S,
                keepalive_interval=KEEPALIVE_S,
                cmd_timeout=None,
            )
        except (AirflowException, ValueError, TypeError, ArithmeticError, paramiko.SSHException) as error:
            raise AuthenticationFailed(node.name, _unusable(keys.ssh_conn_id, error)) from None
        self.node, self._keys = node, keys

    @property
    def log(self) -> Any:
        """Return a logger for the provider's own lines."""
        return _InfoAtDebug(super().log)

    def get_conn(self) -> paramiko.SSHClient:
        """Connect once and return the client.

        Raises:
            HostKeyMismatch: the node shows another host key than the inventory has.
            AuthenticationFailed: the node refuses the user or the key, or the key cannot be read here.
            RigDown: nobody is there, or whoever is says nothing for CONNECT_TIMEOUT_S.
            RigUnreachable: anything else; worth another attempt.
        """
        active = self.client and self.client.get_transport()
        if self.client and active and active.is_active():
            return self.client
        client = paramiko.SSHClient()
        address = self.remote_host if self.port == SSH_PORT else f"[{self.remote_host}]:{self.port}"
        pinned = self._pinned()
        client.set_missing_host_key_policy(RefuseUnpinned(self.node.name, pinned))
        client.get_host_keys().add(address, pinned.get_name(), pinned)
        try:
            self._connect(client)
        except RigError:
            client.close()
            raise
        transport = client.get_transport()
        if transport is not None:
            transport.set_keepalive(KEEPALIVE_S)
        self.client = client
        return client

    def _pinned(self) -> paramiko.PKey:
        if self._keys.host_key is not None:
            return public_key(self.node.name, self._keys.host_key)
        if self.host_key is None:
            raise HostKeyMismatch(
                self.node.name,
                f"Connection {self.ssh_conn_id} has no extra `host_key`, and the inventory has none either. "
                "Add one of them; no host is trusted unseen.",
            )
        return self.host_key

    def _connect(self, client: paramiko.SSHClient) -> None:
        name = self.node.name
        key = self.pkey or (_private_key(name, self.key_file) if self.key_file else None)
        if key is None:
            raise AuthenticationFailed(
                name,
                f"Connection {self.ssh_conn_id} has no key, and no password is ever sent. Give it the extra "
                "`key_file` or `private_key`.",
            )
        started = time.monotonic()
        try:
            client.connect(
                hostname=self.remote_host,
                port=self.port or SSH_PORT,
                username=self.username,
                pkey=key,
                timeout=CONNECT_TIMEOUT_S,
                auth_timeout=CONNECT_TIMEOUT_S,
                banner_timeout=CONNECT_TIMEOUT_S,
                sock=self.host_proxy,
                allow_agent=False,
                look_for_keys=False,
                disabled_algorithms=WEAK,
            )
        except paramiko.BadHostKeyException as error:
            refuse(name, error.key, error.expected_key)
        except (OSError, EOFError, paramiko.SSHException) as error:
            if time.monotonic() - started >= CONNECT_TIMEOUT_S:
                raise RigDown(name, f"no SSH connection: no answer within {CONNECT_TIMEOUT_S:g} s.") from None
            if isinstance(error, paramiko.AuthenticationException) and _is_up(client):
                raise AuthenticationFailed(
                    name,
                    f"user {self.username!r} or its key was refused. Check `user` and `key` in the inventory, "
                    "and authorized_keys on the node.",
                ) from None
            nobody = isinstance(error, (TimeoutError, paramiko.ssh_exception.NoValidConnectionsError))
            kind = RigDown if nobody else RigUnreachable
            raise kind(name, f"no SSH connection ({type(error).__name__}: {_plain(error)}).") from None


def _is_up(client: paramiko.SSHClient) -> bool:
    """Say whether a connection stands: what was refused over it was really refused, and not lost in mid-answer."""
    transport = client.get_transport()
    return transport is not None and transport.is_active()


def _private_key(name: str, path: str) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(path)
    except (OSError, ValueError, TypeError, paramiko.SSHException, UnknownKeyType, UnsupportedAlgorithm):
        raise AuthenticationFailed(
            name,
            "the private key of the inventory cannot be read. Check `key`: it names a file of this user, in OpenSSH "
            "format, without a passphrase.",
        ) from None


def _unusable(conn_id: str | None, error: Exception) -> str:
    """Return what is wrong with an Airflow Connection, or else with the user's own settings; never what is in it."""
    if conn_id is None:
        return f"no connection can be set up ({type(error).__name__}). Check ~/.ssh/config of the user of the tasks."
    if isinstance(error, AirflowNotFoundException):
        return f"there is no Airflow Connection {conn_id}. Make it, or correct `ssh_conn_id` in the inventory."
    return f"the Airflow Connection {conn_id} cannot be used ({type(error).__name__}). Check its host and its keys."


def _plain(error: BaseException) -> str:
    return str(error).removeprefix("[Errno None] ").splitlines()[0] if str(error) else "no details"
