"""`scorer compare-policies`: a table for people, JSON for programs, an error in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scorer_core.cli.installation import Installation, the_only_line

pytestmark = pytest.mark.slow

QUICK = ("--n-trials", 8, "--repeats", 2, "--sample-size", 500, "--search", "random")


def test_it_prints_a_table_and_writes_the_numbers(installation: Installation, planted: Path, tmp_path: Path) -> None:
    out = tmp_path / "policies.json"

    done = installation.scorer("compare-policies", "--pool", planted, *QUICK, "--out", out)

    assert done.exit_code == 0
    assert "lift of the best, on rows kept back" in done.stdout
    assert "keep_fraction" in done.stdout
    assert json.loads(out.read_text())["repeats"] == 2
    assert json.loads(out.read_text())["finding"] in done.stdout


def test_the_same_seed_gives_the_same_numbers(installation: Installation, planted: Path) -> None:
    first, again = (
        json.loads(installation.scorer("compare-policies", "--pool", planted, *QUICK, "--json").stdout)
        for _ in range(2)
    )

    assert first == again


def test_a_bad_sample_size_is_told_in_one_line(installation: Installation, planted: Path) -> None:
    done = installation.scorer("compare-policies", "--pool", planted, "--sample-size", "many")

    assert done.exit_code == 2
    assert "--sample-size 'many' is not known" in the_only_line(done.stderr)


def test_it_looks_at_labels_and_takes_the_numbers_of_both_policies_first(
    installation: Installation, planted: Path
) -> None:
    for _ in range(2):
        installation.scorer("compare-policies", "--pool", planted, *QUICK)

    taken = json.loads(installation.scorer("gate-history", "--json").stdout)

    assert {one["mask_policy"] for one in taken} == {"max_offset", "keep_fraction"}
    assert [(one["decision"], one["run_id"]) for one in taken] == [(1, "compare-policies"), (2, "compare-policies")]
