"""Puts an uploaded file in its place. Arguments: temporary path, final path, SHA-256.

Hashes what arrived, syncs it to disk, then renames: the final name only ever holds a whole file.
Exit code 3 means that the checksum differs; the upload is removed.
"""

from __future__ import annotations

import hashlib
import os
import sys

EXIT_CHECKSUM = 3


def install(temporary: str, final: str, sha256: str) -> int:
    """Install one file and return the exit code."""
    with open(temporary, "rb") as stream:
        actual = hashlib.sha256(stream.read()).hexdigest()
        os.fsync(stream.fileno())
    if actual != sha256:
        os.unlink(temporary)
        sys.stderr.write("arrived with SHA-256 " + actual + "\n")
        return EXIT_CHECKSUM
    os.chmod(temporary, 0o600)
    os.makedirs(os.path.dirname(final), mode=0o700, exist_ok=True)
    os.replace(temporary, final)
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(install(*sys.argv[1:4]))
