"""Pools, runs and cases for the gate's tests: real configs, really scored, nothing faked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scorer_core.gate.case import Case, Champion, Permit, Rules
from scorer_core.gate.examination import Found, Values
from scorer_core.gate.sampled import fronts_among
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed, objective_params
from scorer_core.scoring.trial import TrialRequest, evaluate
from scorer_core.spending import share_of

Config = dict[str, ParamValue]
Configs = tuple[Config, ...]
Trials = tuple[Trial, ...]
MakeConfig = Callable[..., Config]
MakePool = Callable[..., Pool]
MakeRules = Callable[..., Rules]
MakeCase = Callable[..., Case]
RunTrials = Callable[..., Trials]

POLICY = MaskPolicy.KEEP_FRACTION
WORKER, POOL = "a" * 64, "b" * 64


def make_config(mod_1: int = 10, mod_2: int = 100, mod_3: int = 1000, keep: float = 0.2, **others: Any) -> Config:
    """Build a config; the default one keeps 10.4 % of the seeds."""
    moduli = {"residue_mod_1": mod_1, "residue_mod_2": mod_2, "residue_mod_3": mod_3}
    return completed({**moduli, "keep_fraction": keep, **others}, POLICY)


PLANTED = make_config()
CONFIGS = (
    make_config(11, 101, 1009),
    make_config(13, 103, 1013),
    make_config(17, 107, 1019, keep=0.25),
    PLANTED,
    make_config(7, 109, 1021, keep=0.3),
    make_config(19, 113, 1031, keep=0.9),
)


def make_pool(rows: int, lift: float = 1.0, base: float = 0.1, seed: int = 1) -> Pool:
    """Build a pool whose minority is `lift` times as frequent inside the mask of the planted config."""
    rng = np.random.default_rng(seed)
    seeds = rng.choice(10 * rows, rows, replace=False).astype(np.uint64)
    kept = residue_mask(seeds, PLANTED, POLICY).kept
    share = np.where(kept, base * lift, base * (1 - lift * kept.mean()) / (1 - kept.mean()))
    return Pool(seeds, rng.random(rows) < share, rng.integers(0, 17, rows))


def run_trials(search: Pool, configs: Sequence[Config], sample_size: int | None = 500) -> tuple[Trial, ...]:
    """Score the configs as a run on two nodes would, one trial each."""
    requests = [TrialRequest(number, config, sample_size, POLICY) for number, config in enumerate(configs)]
    trials = (Trial.done(request, evaluate(search, request), WORKER, POOL) for request in requests)
    return tuple(replace(trial, node=f"rig-{trial.number % 2}") for trial in trials)


def make_rules(**changes: Any) -> Rules:
    """Build the rules of a run over the six configs, with a run's default thresholds."""
    defaults = Rules(len(CONFIGS), 500, POLICY, 1.10, 0.95, WORKER, POOL, {})
    return replace(defaults, **changes)


def values_of(config: Config) -> Values:
    """Return what the objective sees of a config."""
    return tuple(config[name] for name in objective_params(POLICY))


def permit(number: int = 1, strata: StrataRule = StrataRule.TRIAL) -> Permit:
    """Return the number of a decision with its share of 1 %."""
    return Permit(number, 0.01, share_of(0.01, number), share_of(0.01, number + 1), strata)


def found_in(pool: Pool, largest_lift: float | None = None) -> Found:
    """Return what a search that tried the six configs brings."""
    fronts = fronts_among([values_of(config) for config in CONFIGS], pool, POLICY)
    on_all, *without = (tuple(one.values for one in front) for front in fronts)
    return Found(on_all, tuple(without), largest_lift)


def make_champion(config: Config, fresh: Sequence[bool] | Any) -> Champion:
    """Return a published config, given which rows are new to it."""
    return Champion(config, POLICY, "f" * 64, np.asarray(fresh, np.bool_))


def make_case(pool: Pool, champion: Champion | None = None, **changes: Any) -> Case:
    """Search a pool with the six configs and hand the result to the gate."""
    trials = run_trials(pool, CONFIGS)
    case = Case(make_rules(), trials, lambda: found_in(pool), pool, permit(), champion=champion)
    return replace(case, **changes)
