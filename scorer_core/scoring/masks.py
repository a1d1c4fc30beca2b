"""The residue mask: which seeds a config keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.params import Params, ParamValue
from scorer_core.scoring.policies import MaskPolicy, rules_of
from scorer_core.scoring.space import MODULI

VOTES_NEEDED = 2
BLIND_PASS_RATE = 0.90


@dataclass(frozen=True)
class Mask:
    """A mask over n rows: `kept` has shape (n,); one pass rate for each of the three moduli."""

    kept: NDArray[np.bool_]
    pass_rates: tuple[float, ...]

    @property
    def blind(self) -> tuple[bool, ...]:
        """Return, for each modulus, whether it passes so many rows that its vote says nothing."""
        return tuple(rate >= BLIND_PASS_RATE for rate in self.pass_rates)


def residue_mask(seeds: NDArray[np.uint64], params: Params, policy: MaskPolicy) -> Mask:
    """Return the mask of a config over `seeds`, shape (n,): kept with at least two of three votes."""
    return mask_of_residues([seeds % np.uint64(modulus) for modulus in moduli_of(params)], params, policy)


def mask_of_residues(residues: Sequence[NDArray[Any]], params: Params, policy: MaskPolicy) -> Mask:
    """Return the mask of a config given the residues of the seeds, shape (n,), for each of its moduli."""
    votes = [
        votes_of(column, modulus, params[policy.value], policy)
        for column, modulus in zip(residues, moduli_of(params), strict=True)
    ]
    total = votes[0].astype(np.int8) + votes[1] + votes[2]
    return Mask(
        kept=total >= VOTES_NEEDED,
        pass_rates=tuple(float(np.count_nonzero(vote)) / len(vote) for vote in votes),
    )


def moduli_of(params: Params) -> list[int]:
    """Return the three moduli of a config."""
    return [int(params[name]) for name in MODULI]


def votes_of(residues: NDArray[Any], modulus: int, reach: ParamValue, policy: MaskPolicy) -> NDArray[np.bool_]:
    """Return which residues of a modulus, shape (n,), vote at a reach."""
    voting = rules_of(policy).votes(modulus, reach)
    below: NDArray[np.bool_] = residues < voting.stop
    return below & (residues >= voting.start) if voting.start else below
