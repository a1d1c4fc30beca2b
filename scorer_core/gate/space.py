"""The space of configs that the gate pays for: how large it is, and what a decision means by it."""

from __future__ import annotations

import hashlib

from scorer_core.scoring.masks import VOTES_NEEDED
from scorer_core.scoring.objective import OBJECTIVE_VERSION
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_space
from scorer_core.scoring.sweep.grid import full_grid


def space_size(policy: MaskPolicy) -> int:
    """Return the number of configs in the space of a policy, whatever part of it a run searches."""
    return full_grid(policy).size


def space_version(policy: MaskPolicy) -> str:
    """Return what tells this space from any other: the objective, and a digest of the parameters' values."""
    words = [f"{param.name} {param.describe()}" for param in objective_space(policy)]
    digest = hashlib.sha256(f"{words} {full_grid(policy).shape} {VOTES_NEEDED}".encode()).hexdigest()
    return f"{OBJECTIVE_VERSION} {digest[:16]}"
