"""`scorer gate-history`: one pool is one pool, whatever its file; every look at its holdout is listed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scorer_core.context import RunContext
from scorer_core.ledger.decisions import take_decision_number
from scorer_core.pool.survivors import load_pool
from scorer_core.spending import share_of
from scorer_core.steps.collect import collect
from scorer_core.steps.quality_gate import quality_gate
from tests.scorer_core.cli.installation import Installation
from tests.support.pools import write_npz, write_packed_npz
from tests.support.runs import prepare, run_trials, sample_pool

pytestmark = pytest.mark.slow


def decided(home: Path, pool_file: Path, run_id: str) -> RunContext:
    context = prepare(home, load_pool(pool_file), run_id)
    run_trials(context)
    collect(context, None)
    quality_gate(context)
    return context


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One pool three times: as it is, renamed with its rows shuffled, and as JSON."""
    folder, pool = tmp_path_factory.mktemp("copies"), sample_pool("null", size=3000)
    columns = {"seeds": pool.seeds, "skip_mode": pool.minority.astype("u1"), "trial_number": pool.trial_number}
    order = np.random.default_rng(2).permutation(len(pool))
    write_npz(folder / "pool.npz", **columns)
    write_packed_npz(folder / "other.npz", **{name: column[order] for name, column in columns.items()})
    records = [dict(zip(columns, map(int, row), strict=True)) for row in zip(*columns.values(), strict=True)]
    (folder / "again.json").write_text(
        json.dumps([{**one, "skip_mode": "variable" if one["skip_mode"] else "constant"} for one in records])
    )
    return [folder / name for name in ("pool.npz", "other.npz", "again.json")]


def test_a_pool_is_counted_as_one_whatever_its_file(installation: Installation, copies: list[Path]) -> None:
    for number, copy in enumerate(copies, start=1):
        context = decided(installation.home, copy, f"run-{number}")
        quality_gate(context)  # a cleared task spends nothing more

    listed = json.loads(installation.scorer("gate-history", "--pool", copies[1], "--json").stdout)

    assert [(one["run_id"], one["decision"]) for one in listed] == [("run-1", 1), ("run-2", 2), ("run-3", 3)]
    assert [one["alpha_j"] for one in listed] == [share_of(0.01, number) for number in (1, 2, 3)]
    assert len({one["pool_content"] for one in listed}) == 1
    assert {one["verdict"] for one in listed} <= {"INCONCLUSIVE", "REJECT", "PUBLISH", "KEEP_CHAMPION"}


def test_the_table_says_what_is_left_and_what_is_undecided(installation: Installation, copies: list[Path]) -> None:
    context = decided(installation.home, copies[0], "first")
    cut_short = prepare(installation.home, load_pool(copies[0]), "second")
    take_decision_number(cut_short.ledger, cut_short.record, "splitmix64-70-30-v1")

    text = installation.scorer("gate-history").stdout

    assert "undecided" in text
    assert f"pool {context.record.pool_content[:12]}: decision 3 may spend 0.00068 of 0.01" in text


def test_without_decisions_there_is_nothing_to_list(installation: Installation) -> None:
    assert json.loads(installation.scorer("gate-history", "--json").stdout) == []
