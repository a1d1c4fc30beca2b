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
every row for every config. It needs nothing but numpy 1.24 and is exact: rows + 2¹²·labels is one sum, which a float32
holds over 1023 rows of each fold. The other two count neither folds nor evidence. At this speed a GPU would gain
seconds in a run that takes a minute, so there is no second kernel for one.
""",
    "growth": """CPU seconds of one worker that maps the table which `deploy_worker` made, as on a rig: pools with
random labels, 60 Step 1 trials, seeds up to 2⁴⁸.
""",
    "doubt": """Two rigs of the machine, a core each. With one answer for a shard, what other work of the machine takes
from a rig the other makes up for. With two of only two rigs each has to answer every shard, so that the lanes take
as long as the slower rig does: by the clock the ratio is 1 + slower / faster, 2 for rigs that are alike. With three
rigs or more it is shared out again.
""",
    "slow_rigs": """Made runs, not measured ones: lanes that take the next trial when they are free, seconds with a
noise of a quarter, two trials in a hundred held up five times, rigs of a kind that differ by 5 %. Exact 95 % intervals.
""",
    "watched": """Lanes of two rigs on this machine, whose trials are short: the ledger is asked as often as it can be.
Somebody looks as the open tab does, every 2 s or at 60 times what an answer took, from a process of its own, whose CPU
seconds are the API server's and not the run's.
""",
    "earlier": """Both are given the same pool in the same run. Release 0.1 counted all rows together; this one counts
each of five folds, and the evidence of every config.
""",
}


def write_page(path: Path, source: str, record: dict[str, Any]) -> None:
    """Write the page from a record of results."""
    text = _HEAD.format(source=source, cores=record["cores"], **record["versions"])
    for name, result in record["results"].items():
        text += f"## {name.replace('_', ' ')}\n\nMeasured on {result.get('date', record['date'][:10])}.\n\n{_TABLE}"
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
    rows, trial_s, shard_s, own, table = (
        largest[name] for name in ("rows", "trial_ms", "shard_s", "own_mb", "table_mb")
    )
    trial_s /= 1000
    factor = 10**9 / rows
    lanes = numbers["lanes"][-1]
    claim_s = lanes["overhead_ms"] / 1000 / lanes["lanes"]
    return f"""## To 10⁹ seeds and 1,000 GPUs

Arithmetic, not a measurement. From {rows:,} rows on, trial, shard and table grow in proportion to the rows.

- 10⁹ survivors are {factor:,.0f} times the largest pool measured.
- A trial on all rows: {trial_s:.2f} s × {factor:,.0f} = {trial_s * factor:,.0f} s of one core.
  A trial of `sample_size` 5000 does not grow.
- A shard of 143: {shard_s:.1f} s × {factor:,.0f} = {shard_s * factor / 60:,.0f} min of one core. 1,000 lanes get 2,000
  shards, each so much smaller. The time-out follows by itself.
- The table: {table:,.0f} MB × {factor:,.0f} = {table * factor / 1000:,.0f} GB on each rig's disk. A worker's own
  memory, {own:,.0f} MB, grows with the voters of one `residue_mod_3`: less than {own * factor / 1000:,.0f} GB.
- 1,000 lanes: one trial costs ledger and lane {1000 * claim_s:.1f} ms (measured with {lanes["lanes"]} lanes, each a
  process, on the same {cores} cores as the trials), one after the other. So 1,000 lanes are kept busy by trials longer
  than {1000 * claim_s:.1f} s, which trials on 10⁹ rows are.
"""
