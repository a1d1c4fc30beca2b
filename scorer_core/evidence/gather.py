"""All evidence of one run, as a JSON object: beside the verdict, after it, and without a say in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scorer_core.engines import traits_of
from scorer_core.evidence.bounds import at_bounds
from scorer_core.evidence.importance import importance
from scorer_core.evidence.optimum import optimum
from scorer_core.evidence.plateau import plateau
from scorer_core.gate.decision import Candidate
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.spec import RunSpec

EVIDENCE_SCHEMA = 2


def gather(trials: Sequence[Trial], candidate: Candidate, pool: Pool, spec: RunSpec, most_swept: int) -> dict[str, Any]:
    """Gather the evidence about a candidate.

    Where the search did not try everything, the head does, on pools of up to `most_swept` rows. After a sweep the
    trials are the best of millions of masks: which parameters they share says little.
    """
    policy = spec.mask_policy
    return {
        "schema": EVIDENCE_SCHEMA,
        "plateau": plateau(trials, pool, policy),
        "importance": None if traits_of(spec.search).walks_grid else importance(trials, policy, spec.held),
        "at_bounds": at_bounds(candidate.params, policy, spec.held),
        "optimum": optimum(pool, spec, most_swept),
    }
