"""JSON documents and lines as bytes, and JSON files, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scorer_core.atomic import write_bytes


def json_bytes(document: Any) -> bytes:
    """Return a JSON document for people to read; raises ValueError for NaN and infinity."""
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def from_json_bytes(content: bytes) -> Any:
    """Return the JSON document; raises ValueError when it is none."""
    return json.loads(content.decode("utf-8"))


def json_lines(records: list[dict[str, Any]]) -> bytes:
    """Return one JSON object a line; raises ValueError for NaN and infinity."""
    return b"".join(json.dumps(record, allow_nan=False).encode() + b"\n" for record in records)


def from_json_lines(content: bytes) -> list[dict[str, Any]]:
    """Return the JSON object of each line; raises ValueError when one is none."""
    return [json.loads(line) for line in content.decode("utf-8").splitlines()]


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_bytes(path, json_bytes(document))


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return from_json_bytes(path.read_bytes())
