"""A file is put whole, for its owner alone, or the node is said to be unfit."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

import pytest

from scorer_core.errors import RigUnfit
from scorer_core.testing.transports.node import BIG, OnANode
from scorer_core.transport.port import RigTransport


class FileContract(OnANode):
    """What `put` does."""

    @pytest.mark.parametrize("content", [b"", BIG], ids=["0 B", "5 MiB"])
    def test_put_writes_the_bytes_for_the_owner_alone_and_makes_the_folders(
        self, transport: RigTransport, folder: PurePosixPath, content: bytes
    ) -> None:
        target = folder / "new folder" / "it's" / "file"

        transport.put(content, target)

        assert contents(transport, target) == content
        assert mode(transport, target) == b"600"

    def test_put_replaces_a_longer_file_and_takes_it_from_others(
        self, transport: RigTransport, folder: PurePosixPath
    ) -> None:
        target = folder / "file"
        transport.run(f"echo something longer > {target}; chmod 644 {target}")

        transport.put(b"short", target)

        assert contents(transport, target) == b"short"
        assert mode(transport, target) == b"600"

    @pytest.mark.parametrize("below", ["file/child", "folder"], ids=["below a file", "onto a folder"])
    def test_a_path_that_cannot_be_written_is_the_nodes_fault(
        self, transport: RigTransport, folder: PurePosixPath, below: str
    ) -> None:
        transport.run(f"touch {folder}/file; mkdir {folder}/folder")

        with pytest.raises(RigUnfit, match=rf"{transport.node.name}: cannot .*disk"):
            transport.put(b"x", folder / below)


def contents(transport: RigTransport, path: PurePosixPath) -> bytes:
    """Return what is in a file of the node."""
    return transport.run(f"cat {shlex.quote(str(path))}").stdout


def mode(transport: RigTransport, path: PurePosixPath) -> bytes:
    """Return a file's permissions in octal."""
    return transport.run(f"stat -c %a {shlex.quote(str(path))}").stdout.strip()
