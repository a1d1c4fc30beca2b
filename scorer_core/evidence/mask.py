"""What a mask is made of: the residue classes that vote in each modulus, and how rich each is in the minority."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import moduli_of, votes_of
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy, rules_of

MOST_CLASSES = 15
"""Of a modulus with more residues that vote, neighbours are counted together."""


def mask_made_of(pool: Pool, params: Params, policy: MaskPolicy) -> dict[str, Any]:
    """Return rows and minority rows of the pool, of each residue class that votes, and by how many votes a row has."""
    votes = np.zeros(len(pool), np.int64)
    moduli = []
    for modulus in moduli_of(params):
        residues = (pool.seeds % np.uint64(modulus)).astype(np.int64)
        votes += votes_of(residues, modulus, params[policy.value], policy)
        rows = np.bincount(residues, minlength=modulus)
        minority = np.bincount(residues[pool.minority], minlength=modulus)
        voting = rules_of(policy).votes(modulus, params[policy.value])
        classes = [
            {"first": first, "last": last - 1, **_counted(rows[first:last], minority[first:last])}
            for first, last in _classes(voting)
        ]
        moduli.append({"modulus": modulus, "classes": classes})
    rows, minority = np.bincount(votes, minlength=4), np.bincount(votes[pool.minority], minlength=4)
    return {
        "rows": len(pool),
        "minority": int(np.count_nonzero(pool.minority)),
        "moduli": moduli,
        "votes": [{"votes": count, **_counted(rows[count], minority[count])} for count in range(4)],
    }


def _classes(voting: range) -> Iterator[tuple[int, int]]:
    """Yield the first residue of each class, and the one after its last."""
    width = -(-len(voting) // MOST_CLASSES)
    for first in voting[::width]:
        yield first, min(first + width, voting.stop)


def _counted(rows: Any, minority: Any) -> dict[str, int]:
    return {"rows": int(np.sum(rows)), "minority": int(np.sum(minority))}
