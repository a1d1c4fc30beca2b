"""Says which files are there whole, and how much space is left.

Arguments: the root, then pairs of path and SHA-256. Prints one JSON object: `present` has one boolean
a pair, `free` the bytes that a user may still write below the root.

A file with another checksum is removed, so that it can only be pushed again, never run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys


def present(path: str, sha256: str) -> bool:
    """Say whether the file is there with this SHA-256; it counts as used now, for the retention."""
    try:
        with open(path, "rb") as stream:
            actual = hashlib.sha256(stream.read()).hexdigest()
    except FileNotFoundError:
        return False
    if actual != sha256:
        os.unlink(path)
        return False
    os.utime(path)
    return True


def main(root: str, *pairs: str) -> None:
    """Print the answer, or end with one line that says why there is none."""
    try:
        os.makedirs(root, mode=0o700, exist_ok=True)
        there = [present(path, sha256) for path, sha256 in zip(pairs[::2], pairs[1::2], strict=True)]
        print(json.dumps({"present": there, "free": shutil.disk_usage(root).free}))
    except OSError as error:
        sys.exit(f"cannot use {error.filename or root}: {error.strerror}. Check the node's root and disk.")


if __name__ == "__main__":
    os.umask(0o077)
    main(*sys.argv[1:])
