"""The guard against seeds that nobody chose."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from scorer_core.spec import RunSpec

FOLDERS = [Path(__file__).parents[2] / name for name in ("tests", "bench", "sim")]
SEEDED = {"default_rng", "TPESampler", "RandomSampler", "CmaEsSampler", "Random", "RandomState", "SeedSequence"}


def test_a_search_whose_seed_nobody_chose_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="nobody chose"):
        RunSpec.from_conf({"search": "tpe"}).with_seed()


def test_a_chosen_seed_is_kept() -> None:
    assert RunSpec.from_conf({"search": "tpe", "seed": 3}).with_seed().seed == 3


@pytest.mark.draws_seed
def test_a_test_marked_so_draws_its_seed() -> None:
    assert RunSpec.from_conf({"search": "tpe"}).with_seed().seed is not None


def unseeded(source: str) -> list[str]:
    """Return the calls in a source that make a generator or a sampler without a seed."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        f"line {call.lineno}: {name}()"
        for call in calls
        if (name := getattr(call.func, "attr", getattr(call.func, "id", ""))) in SEEDED
        and not (call.args and not name.endswith("Sampler"))
        and "seed" not in {keyword.arg for keyword in call.keywords}
    ]


def test_every_generator_and_sampler_of_the_tests_has_a_seed() -> None:
    found = {
        str(path): calls
        for folder in FOLDERS
        for path in folder.rglob("*.py")
        if (calls := unseeded(path.read_text(encoding="utf-8")))
    }

    assert found == {}


@pytest.mark.parametrize("call", ["np.random.default_rng()", "TPESampler(n_startup_trials=3)", "random.Random()"])
def test_a_call_without_a_seed_is_seen(call: str) -> None:
    assert len(unseeded(call)) == 1


@pytest.mark.parametrize("call", ["np.random.default_rng(1)", "TPESampler(seed=3)", "random.Random(number)"])
def test_a_call_with_a_seed_is_not(call: str) -> None:
    assert unseeded(call) == []
