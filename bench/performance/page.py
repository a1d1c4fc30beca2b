"""docs/performance.md: the tables of the last run, and what follows from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_HEAD = """# Performance

Written by `make bench`; the numbers behind it are in [{source}](../{source}). One machine with {cores} cores, Python
{python}, numpy {numpy}. Every comparison is of two things measured in the same run.

"""
_TABLE = "| what | measured | target | met |\n|---|---|---|---|\n"
_NOTES = {
    "kernels": """A row is kept with two votes of three: kept = |V₁∧V₂| + |V₁∧V₃| + |V₂∧V₃| − 2·|V₁∧V₂∧V₃|. The pair
V₁∧V₂ is the same for every `residue_mod_3` and counted once. All else needs the rows of V₃ alone, and with
`max_offset` V₃ has 0.1 to 3 % of the rows: a product over those few beats packed bits and large products, which read
every row for every config. It needs nothing but numpy 1.24 and is exact: a float32 holds each count of a block of 2¹⁷
rows. At this speed a GPU would gain seconds in a run that takes a minute, so there is no second kernel for one.
""",
}


def write_page(path: Path, source: str, record: dict[str, Any]) -> None:
    """Write the page from a record of results."""
    text = _HEAD.format(source=source, cores=record["cores"], **record["versions"])
    for name, result in record["results"].items():
        text += f"## {name.replace('_', ' ')}\n\n{_TABLE}"
        for line in result["lines"]:
            met = {True: "yes", False: "NO", None: ""}[line["met"]]
            text += f"| {line['what']} | {line['measured']} | {line['target']} | {met} |\n"
        text += f"\n{_NOTES[name]}\n" if name in _NOTES else "\n"
    growth = record["results"].get("growth")
    if growth is not None:
        text += extrapolation(growth["numbers"], record["cores"])
    path.write_text(text.rstrip() + "\n")


def extrapolation(numbers: dict[str, Any], cores: int) -> str:
    """Return the arithmetic from the largest pool measured to 10⁹ seeds and 1,000 GPUs."""
    largest = numbers["rows"][-1]
    rows, trial_s, shard_s, peak = (largest[name] for name in ("rows", "trial_ms", "shard_s", "peak_mb"))
    trial_s /= 1000
    factor = 0.7 * 10**9 / rows
    lanes = numbers["lanes"][-1]
    claim_s = lanes["overhead_ms"] / 1000 / lanes["lanes"]
    return f"""## To 10⁹ seeds and 1,000 GPUs

Arithmetic, not a measurement. From {rows:,} rows on, trial, shard and memory grow in proportion to the rows.

- 10⁹ seeds give 7·10⁸ search rows, {factor:,.0f} times the largest pool measured.
- A trial on all rows: {trial_s:.2f} s × {factor:,.0f} = {trial_s * factor:,.0f} s of one core.
  A trial of `sample_size` 5000 does not grow.
- A shard: {shard_s:.1f} s × {factor:,.0f} = {shard_s * factor / 3600:,.1f} h of one core. A sweep has 143, so
  that more than 143 lanes gain nothing. `trial_timeout_s` has to allow for it.
- Memory of a worker: {peak:,.0f} MB × {factor:,.0f} = {peak * factor / 1000:,.0f} GB, 12 GB of it the bare
  columns. That fits into no home rig: the pool would have to be read in blocks. The sweep's counts are sums over
  blocks of rows already; loading and trials are not.
- 1,000 lanes: one trial costs ledger and lane {1000 * claim_s:.1f} ms (measured with {lanes["lanes"]} lanes, each a
  process, on the same {cores} cores as the trials), one after the other. So 1,000 lanes are kept busy by trials longer
  than {1000 * claim_s:.1f} s, which trials on 7·10⁸ rows are.
- Optuna's study of record takes about 40 ms a trial to write: 4 s for 100 trials, an hour for 100,000.
"""
