"""The residue mask: which seeds a config keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer_core.scoring.space import MaskPolicy, Params

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
    moduli = [int(params[f"residue_mod_{dimension}"]) for dimension in (1, 2, 3)]
    votes = [_votes(seeds, modulus, params, policy) for modulus in moduli]
    total = votes[0].astype(np.int8) + votes[1] + votes[2]
    return Mask(
        kept=total >= VOTES_NEEDED,
        pass_rates=tuple(float(np.count_nonzero(vote)) / len(seeds) for vote in votes),
    )


def _votes(seeds: NDArray[np.uint64], modulus: int, params: Params, policy: MaskPolicy) -> NDArray[np.bool_]:
    residues = seeds % np.uint64(modulus)
    if policy is MaskPolicy.KEEP_FRACTION:
        return np.asarray(residues < modulus * float(params["keep_fraction"]), dtype=np.bool_)
    reach = max(1, min(int(params["max_offset"]), max(modulus - 1, 1)))
    return np.asarray(residues < np.uint64(reach), dtype=np.bool_)
