"""Host keys: the one that the inventory pins, and what is said when a node shows another."""

from __future__ import annotations

from base64 import b64decode
from typing import NoReturn

import paramiko
from paramiko.pkey import UnknownKeyType

from scorer_core.errors import HostKeyMismatch


def public_key(node: str, line: str) -> paramiko.PKey:
    """Return the key of a line of type and base64, as `ssh-keyscan` prints it.

    Raises:
        HostKeyMismatch: it is none.
    """
    key_type, encoded = line.split()
    try:
        content = b64decode(encoded, validate=True)
        key = paramiko.PKey.from_type_string(key_type, content)
        if key.asbytes() != content:  # paramiko fills up what is cut off
            raise ValueError
        return key
    except (ValueError, ArithmeticError, paramiko.SSHException, UnknownKeyType):
        raise HostKeyMismatch(
            node, "host_key in the inventory is not a public key. Paste a line of `ssh-keyscan`."
        ) from None


class RefuseUnpinned(paramiko.MissingHostKeyPolicy):
    """Refuses a host key of a type other than the pinned one."""

    def __init__(self, node: str, pinned: paramiko.PKey) -> None:
        self._node, self._pinned = node, pinned

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> NoReturn:
        """Refuse."""
        refuse(self._node, key, self._pinned)


def refuse(node: str, shown: paramiko.PKey, pinned: paramiko.PKey) -> NoReturn:
    """Say which host key a node shows and which one it should, by the fingerprints that OpenSSH prints."""
    raise HostKeyMismatch(
        node,
        f"the host key is not the one in the inventory: the node shows {_fingerprint(shown)}, `host_key` is "
        f"{_fingerprint(pinned)}. If the node was installed anew, and `ssh-keygen -lf` of its .pub file in /etc/ssh "
        f"prints the first on its own console, write what `ssh-keyscan` prints into `host_key` of {node} in the "
        "inventory (SCORER_CLUSTER_FILE); if not, do not connect.",
    ) from None


def _fingerprint(key: paramiko.PKey) -> str:
    return f"{key.fingerprint} ({key.get_name()})"
