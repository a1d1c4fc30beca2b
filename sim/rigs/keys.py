"""Ed25519 key pairs in files that only their owner can read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import asyncssh


@dataclass(frozen=True)
class KeyPair:
    """A private key file and the public half as one line, `ssh-ed25519 AAAA…`."""

    path: Path
    public: str


def make_key_pair(path: Path) -> KeyPair:
    """Generate an Ed25519 key, write it to a new file (0600, OpenSSH format) and return both halves.

    Raises:
        FileExistsError: there is a file already; a key is never overwritten.
    """
    key = asyncssh.generate_private_key("ssh-ed25519")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key.export_private_key())
    return KeyPair(path, public_line(key))


def public_line(key: asyncssh.SSHKey) -> str:
    """Return the public half as `<type> <base64>`, without a comment."""
    kind, encoded = key.export_public_key().decode("ascii").split()[:2]
    return f"{kind} {encoded}"
