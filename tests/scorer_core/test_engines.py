"""The table of engines: each member has a row, and whoever samples has a sampler."""

from __future__ import annotations

import pytest

from scorer_core.conf import RunConf
from scorer_core.engines import SAMPLED_TRIALS, SearchEngine, in_words, samplers, traits_of
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.search.sampler import sampler_for
from scorer_core.spec import RunSpec


@pytest.mark.parametrize("engine", list(SearchEngine))
def test_an_engine_either_samples_or_walks_the_grid(engine: SearchEngine) -> None:
    spec = RunSpec.from_conf({"search": engine})
    if traits_of(engine).walks_grid:
        with pytest.raises(ValueError, match="samples nothing"):
            sampler_for(spec, 0)
    else:
        assert sampler_for(spec, 0) is not None
        assert (spec.n_trials, spec.min_completion) == (SAMPLED_TRIALS, 0.95)


@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_what_walks_the_grid_brings_its_own_budget_and_proves_nothing_with_a_gap(policy: MaskPolicy) -> None:
    spec = RunSpec.from_conf({"search": "sweep", "mask_policy": policy})

    assert (spec.n_trials, spec.sample_size, spec.min_completion) == (143, None, 1.0)


@pytest.mark.parametrize("engine", list(SearchEngine))
def test_what_an_engine_refuses_are_keys_of_a_conf(engine: SearchEngine) -> None:
    assert set(traits_of(engine).refuses) <= set(RunConf.model_fields)


def test_the_form_says_of_every_engine_what_it_does() -> None:
    assert "sweep tries them all, tpe learns from finished trials, random does not" in in_words()
    assert [part.partition(" ")[0] for part in in_words().split(", ")] == [engine.value for engine in SearchEngine]
    assert samplers() == "tpe or random"


def test_a_value_that_is_no_engine_has_no_row() -> None:
    with pytest.raises(AssertionError, match="'guess' is not told apart"):
        traits_of("guess")  # type: ignore[arg-type]
