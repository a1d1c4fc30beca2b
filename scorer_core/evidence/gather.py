"""All evidence of one run, as a JSON object: beside the verdict, after it, and without a say in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scorer_core.engines import traits_of
from scorer_core.evidence.bounds import at_bounds
from scorer_core.evidence.importance import importance
from scorer_core.evidence.masks import mask_blocks
from scorer_core.evidence.optimism import lift_curve
from scorer_core.evidence.optimum import optimum
from scorer_core.evidence.permutation import affordable, max_t, null_of_best, permute
from scorer_core.gate.candidate import Candidate, finalists
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.spec import RunSpec

EVIDENCE_SCHEMA = 1


def gather(
    trials: Sequence[Trial],
    candidate: Candidate,
    search: Pool,
    holdout: Pool | None,
    spec: RunSpec,
    most_swept: int,
) -> dict[str, Any]:
    """Gather the evidence about a candidate; `holdout` is None when the gate did not read it.

    Where the search did not try everything, the head does, on up to `most_swept` search rows.
    After a sweep the trials are the best of millions of masks, and what assumes that they are all that was tried
    is left out.
    """
    policy, swept = spec.mask_policy, traits_of(spec.search).walks_grid
    return {
        "schema": EVIDENCE_SCHEMA,
        **_permutations(trials, candidate, search, spec),
        "lift_curve": lift_curve(finalists(trials, policy), search, holdout, policy),
        "importance": None if swept else importance(trials, policy, spec.held),
        "at_bounds": at_bounds(candidate.params, policy, spec.held),
        "optimum": optimum(search, spec, most_swept),
    }


def _permutations(trials: Sequence[Trial], candidate: Candidate, search: Pool, spec: RunSpec) -> dict[str, Any]:
    """Return the null distribution of the best and max-T, or why they are left out."""
    accepted = [trial for trial in trials if trial.accepted]
    count = affordable(len(accepted), len(search))
    left_out = None
    if traits_of(spec.search).walks_grid:
        left_out = "A sweep tries every mask there is; to sweep thousands of permuted pools would take days."
    elif count is None:
        left_out = f"{len(accepted)} accepted masks on {len(search)} rows: none, or too many to permute in good time."
    if left_out is not None or count is None:
        return {"null_of_best": None, "max_t": None, "left_out": left_out}
    permuted = permute(mask_blocks(accepted, search, spec.mask_policy), search.minority, count, spec.seed or 0)
    own = [trial.number for trial in accepted].index(candidate.trial_number)
    best = max(trial.objective for trial in accepted if trial.objective is not None)
    return {
        "null_of_best": null_of_best(permuted, best),
        "max_t": {"masks": len(accepted), **max_t(permuted, float(permuted.counts[own]), float(permuted.counts.max()))},
        "left_out": None,
    }
