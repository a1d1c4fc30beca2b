"""The table of `scorer show` speaks of what the run had: trials of a sample, or shards of all rows."""

from __future__ import annotations

from typing import Any

import pytest

from scorer_core.report.at_a_glance import at_a_glance
from scorer_core.report.summary import RunSummary
from scorer_core.spec import RunSpec


def summary(sizes: tuple[int | None, ...], **conf: Any) -> RunSummary:
    """A run that was searched, by two nodes, and not decided."""
    return RunSummary(
        run_id="night",
        study_name="scorer/night",
        spec=RunSpec.from_conf(conf),
        folder="night",
        worker_sha256="a",
        pool_sha256="b",
        rows=1_000,
        tickets={},
        collected=None,
        sample_sizes=sizes,
        nodes={"rig-a": 3, "rig-b": 1},
        gpus=4,
        trial_seconds=1.0,
        blind_share=None,
        best=None,
        gate=None,
        evidence=None,
        published=None,
    )


@pytest.mark.parametrize(
    ("conf", "sizes", "row", "unit"),
    [
        ({}, (None,), ("rows counted", "all rows"), "shards"),
        ({"sample_size": 450}, (450,), ("rows counted", "450"), "shards"),
        ({"search": "random", "seed": 1}, (450, None), ("sample sizes seen", "450, all rows"), "trials"),
        ({"search": "tpe", "seed": 1}, (), ("sample sizes seen", "–"), "trials"),
    ],
)
def test_its_words_are_those_of_the_engine(
    conf: dict[str, Any], sizes: tuple[int | None, ...], row: tuple[str, str], unit: str
) -> None:
    rows = at_a_glance(summary(sizes, **conf))

    assert row in rows
    assert ("nodes and GPUs used", f"rig-a (3 {unit}), rig-b (1 {unit}); 4 GPUs") in rows
