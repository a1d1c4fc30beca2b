"""The journal of one GPU: one result a line, on disk before it is answered."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from scorer_core.atomic import sync_folder
from scorer_core.errors import RequestError
from scorer_core.rig.protocol import TrialResult, decode, encode, result_from_json, to_body


def append(path: Path, result: TrialResult) -> None:
    """Append a result and fsync: when this returns, the result survives a power cut.

    A torn last line, left by an earlier crash, is closed first, so that it spoils nothing after it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        torn = False
        if size:
            stream.seek(size - 1)
            torn = stream.read(1) != b"\n"
        stream.write((b"\n" if torn else b"") + encode("result", to_body(result)))
        stream.flush()
        os.fsync(stream.fileno())
    if not size:
        sync_folder(path.parent)  # the new name has to survive too


def parse(lines: Iterable[bytes]) -> tuple[list[TrialResult], int]:
    """Return the results of a journal and the number of lines that are not results (torn)."""
    results: list[TrialResult] = []
    torn = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            kind, body = decode(line)
            if kind != "result":
                raise RequestError(f"a journal holds results, not {kind!r}.")
            results.append(result_from_json(body))
        except RequestError:
            torn += 1
    return results, torn


def read_run(folder: Path) -> list[TrialResult]:
    """Return every result in the journals of one run on this rig."""
    results: list[TrialResult] = []
    for path in sorted(folder.glob("gpu*.jsonl")):
        results.extend(parse(path.read_bytes().splitlines())[0])
    return results
