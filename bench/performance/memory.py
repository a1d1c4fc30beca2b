"""Eight workers on one rig: what they share, and what each has for itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bench.performance.mapped import own_mb
from bench.performance.result import Line, Result, Size
from bench.performance.rig import rig_of, working

ROWS, WORKERS = 10**7, 8
_OWN_MB = 300.0
_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ .*", re.MULTILINE)


def measure(size: Size) -> Result:
    """Have each worker sweep a shard, then read what the kernel says of the pages of their table."""
    rows, count = size.of(ROWS, 10_000), size.of(WORKERS, 2)
    with rig_of(rows) as rig, working(rig, count) as processes:
        maps = [table_pages(process, rig.table) for process in processes]
        own = [own_mb(str(process)) for process in processes]
        disk_mb = rig.table_mb
    once_mb = sum(one["Pss"] for one in maps)  # each page counted in parts that add up to one
    shared, private = ([one[f"{kind}_Clean"] + one[f"{kind}_Dirty"] for one in maps] for kind in ("Shared", "Private"))
    told = (
        f"on disk once, {disk_mb:,.0f} MB; in memory {once_mb:,.0f} MB for all {count} together (the sum of Pss); each "
        f"shares {min(shared):,.0f} to {max(shared):,.0f} MB of it and has {max(private):,.1f} MB for itself at most"
    )
    what = f"{count} workers on a rig, {rows:,} rows, a shard each: their table, by smaps"
    once = once_mb <= 1.05 * disk_mb
    lines = (
        Line(what, told, "once", once),
        Line("each worker's own memory then", f"{max(own):.0f} MB at most", f"≤ {_OWN_MB:g} MB", max(own) <= _OWN_MB),
    )
    return Result(lines, {"rows": rows, "table_mb": disk_mb, "maps": maps, "own_mb": own})


def table_pages(process: int, table: Path) -> dict[str, Any]:
    """Return what smaps says of the pages of a file in a process, by kind, in MB."""
    text = Path(f"/proc/{process}/smaps").read_text()
    found: dict[str, float] = {}
    starts = [*_MAPPING.finditer(text)]
    for mapping, end in zip(starts, [*(one.start() for one in starts[1:]), len(text)], strict=True):
        if not mapping.group().endswith(str(table)):
            continue
        for name, kilobytes in re.findall(r"^(\w+):\s+(\d+) kB$", text[mapping.end() : end], re.MULTILINE):
            found[name] = found.get(name, 0.0) + int(kilobytes) / 1024
    return found
