"""docs/reliability.md: the faults that were made, and what the run did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TABLE: list[Row] = []

_HEAD = """# Reliability

Every fault in this table was made on real servers, and the outcome was asserted, by the test beside it.
This page is written by the tests: `make reliability`.

In each run exactly `n_trials` results are recorded, none twice and none lost, or the run fails with the
stated reason; no process is left on a rig, and the published config changes on PUBLISH alone.

| fault | servers | outcome | test |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One fault and what came of it."""

    fault: str
    servers: str
    outcome: str
    test: str


def write_table(path: Path, rows: list[Row]) -> None:
    """Write the page; rows of tests that did not run now stay as they are."""
    lines = {_test_of(line): line for line in _lines_of(path)}
    for row in rows:
        name = row.test.rpartition("::")[2]
        lines[name] = f"| {row.fault} | {row.servers} | {row.outcome} | `{name}` |\n"
    path.write_text(_HEAD + "".join(sorted(lines.values())), encoding="utf-8")


def _lines_of(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [line for line in text.splitlines(keepends=True) if line.rstrip().endswith("` |")]


def _test_of(line: str) -> str:
    return line.rstrip().removesuffix("` |").rpartition("`")[2]
