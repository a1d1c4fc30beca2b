"""All evidence of one run, as a JSON object: beside the verdict, after it, and without a say in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scorer_core.conf import HEAD_PERMUTATIONS
from scorer_core.engines import traits_of
from scorer_core.evidence.bounds import at_bounds
from scorer_core.evidence.by_trial import lift_by_trial
from scorer_core.evidence.chance import OfRigs, space_by_chance
from scorer_core.evidence.importance import importance
from scorer_core.evidence.mask import mask_made_of
from scorer_core.evidence.optimum import optimum
from scorer_core.evidence.plateau import plateau
from scorer_core.evidence.sensitivity import sensitivity
from scorer_core.gate.decision import Candidate
from scorer_core.gate.examination import Examiner
from scorer_core.gate.space import space_size
from scorer_core.gate.within_trials.planning import Planner
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.gate.within_trials.strata import Strata
from scorer_core.pool.folds import fold_of
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params
from scorer_core.scoring.sweep.chance import Permutations
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.spec import RunSpec

EVIDENCE_SCHEMA = 5


@dataclass(frozen=True)
class Asked:
    """What a decision asked: its number and α_j, and within which strata; pools of so many rows the head may sweep."""

    number: int
    alpha_j: float
    strata: StrataRule
    most_swept: int


def gather(
    trials: Sequence[Trial],
    candidate: Candidate,
    pool: Pool,
    spec: RunSpec,
    asked: Asked,
    of_rigs: OfRigs | None = None,
) -> dict[str, Any]:
    """Gather the evidence about a candidate; `of_rigs` is what rigs counted of it, where they were asked.

    Where the search did not try everything, the head does, on pools of up to `most_swept` rows.
    """
    policy = spec.mask_policy
    values = tuple(candidate.params[name] for name in objective_params(policy))
    examiner = Examiner(pool, asked.strata, fold_of(pool.seeds), policy, space_size(policy))
    level = asked.alpha_j / space_size(policy)
    kept = examiner.mask(values)
    planner = Planner(examiner.strata.margins(kept), examiner.cells(values), spec.min_lift, level)
    return {
        "schema": EVIDENCE_SCHEMA,
        "chance": _chance(pool, spec, asked, level, of_rigs),
        "sensitivity": sensitivity(planner),
        "mask": mask_made_of(pool, candidate.params, policy),
        "by_trial": lift_by_trial(Strata.of(pool, StrataRule.TRIAL), kept, pool),
        "plateau": plateau(trials, pool, policy),
        "importance": None if traits_of(spec.search).walks_grid else importance(trials, policy, spec.held),
        "at_bounds": at_bounds(candidate.params, policy, spec.held),
        "optimum": optimum(pool, spec, asked.most_swept),
    }


def permutations_of(spec: RunSpec, rows: int, most_swept: int) -> int:
    """Return how many permutations of so many rows a run counts: what was asked for, else HEAD_PERMUTATIONS or none.

    None where they cost the head more than `most_swept` rows of `max_offset` do.
    """
    if spec.evidence_permutations is not None:
        return spec.evidence_permutations
    work, most = (full_grid(policy).votes_of_third for policy in (spec.mask_policy, MaskPolicy.MAX_OFFSET))
    return HEAD_PERMUTATIONS if rows * work <= most_swept * most else 0


def _chance(pool: Pool, spec: RunSpec, asked: Asked, level: float, of_rigs: OfRigs | None) -> dict[str, Any] | None:
    """Return the best of the space beside what chance makes of it; None where nobody asked and it is too much work."""
    permutations, policy = permutations_of(spec, len(pool), asked.most_swept), spec.mask_policy
    if not permutations:
        return None
    which = Permutations(asked.number, asked.strata is StrataRule.TRIAL, range(permutations))
    chance = space_by_chance(pool, policy, which, -math.log(level), of_rigs)
    return {
        "observed": chance.observed,
        "permuted": list(chance.permuted),
        "asked": chance.asked,
        "p": chance.p,
        "proven": -math.log(level),
        "passing": chance.passing,
        "configs": space_size(policy),
    }
