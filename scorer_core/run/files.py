"""JSON files, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scorer_core.atomic import write_bytes


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document whole or not at all."""
    write_bytes(path, (json.dumps(document, indent=2, allow_nan=False) + "\n").encode())


def write_json_lines(path: Path, records: list[dict[str, Any]]) -> None:
    """Write one JSON object a line, the file whole or not at all."""
    write_bytes(path, b"".join(json.dumps(record, allow_nan=False).encode() + b"\n" for record in records))


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Read what `write_json_lines` wrote; raises FileNotFoundError when it is not there."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_json(path: Path) -> Any:
    """Read a JSON document."""
    return json.loads(path.read_text(encoding="utf-8"))
