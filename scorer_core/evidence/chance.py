"""How good the best config of the space looks by chance: beside the pool's own best stand those of permuted labels.

The head counts the pool itself, and permutations where it is asked alone. Where rigs counted some, it counts a few of
each rig's again, drawn so that no rig can know which: one that said something else is not believed in any. A lie in one
of a rig's n permutations is found with a chance of 5 in n, where rigs are four at most; it could change what is told
beside the verdict, never the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from scorer_core.conf import HEAD_PERMUTATIONS
from scorer_core.pool.folds import FOLDS
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.limits import CACHE_MB
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.sweep.chance import Best, Permutations, best_of_space
from scorer_core.scoring.sweep.rows import Columns, SweepRows
from scorer_core.search.recheck import drawn

_SAME = 1e-9
"""What evidences that two numpy versions compute differ by at most, relative to them."""


@dataclass(frozen=True)
class Chance:
    """The largest evidence (nats) of an accepted config: of the pool as it is, and of each permutation of its labels.

    `passing` is how many configs reach the evidence that was asked about, on the pool as it is; `asked`, how many
    permutations were.
    """

    observed: float
    permuted: tuple[float, ...]
    passing: int
    asked: int

    @property
    def p(self) -> float:
        """Return the permutation test's p: B. Phipson, G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010."""
        return (1 + sum(one >= self.observed for one in self.permuted)) / (1 + len(self.permuted))


@dataclass(frozen=True)
class OfRigs:
    """What rigs counted: of a permutation's number, which one and what. `refuse` is told which lied, and how."""

    answers: Mapping[int, tuple[str, float]]
    refuse: Callable[[str, str], None]


def space_by_chance(
    pool: Pool, policy: MaskPolicy, asked: Permutations, proven: float, of_rigs: OfRigs | None = None
) -> Chance:
    """Return the best of the whole space beside its null distribution; `proven` is the evidence that is counted.

    Without rigs the head counts every permutation. With them it counts HEAD_PERMUTATIONS at most: those that it counts
    again, then what no rig did; what is missing then is left out.
    """
    rows = SweepRows.of(Columns.of(pool), policy, CACHE_MB * 2**20)
    if of_rigs is None:
        best = best_of_space(rows, asked, proven)
        return Chance(best.own, best.permuted, best.passing, len(asked.numbers))
    answers = {number: of_rigs.answers[number] for number in asked.numbers if number in of_rigs.answers}
    while True:
        again = _counted_again(answers)
        missing = [number for number in asked.numbers if number not in answers]
        own = again + missing[: max(0, HEAD_PERMUTATIONS - len(again))]
        best = best_of_space(rows, replace(asked, numbers=own), proven)
        lies = _lies(answers, again, best)
        if not lies:
            break
        for node, lie in lies.items():
            of_rigs.refuse(node, lie)
        answers = {number: answer for number, answer in answers.items() if answer[0] not in lies}
    counted = dict(zip(own, best.permuted, strict=True)) | {number: one for number, (_, one) in answers.items()}
    return Chance(best.own, tuple(counted[number] for number in sorted(counted)), best.passing, len(asked.numbers))


def _counted_again(answers: Mapping[int, tuple[str, float]]) -> list[int]:
    """Return which permutations of rigs the head counts, too: of each rig as many, HEAD_PERMUTATIONS at most in all."""
    by_node: dict[str, list[int]] = {}
    for number, (node, _) in answers.items():
        by_node.setdefault(node, []).append(number)
    nodes = drawn(sorted(by_node), min(len(by_node), HEAD_PERMUTATIONS))
    each = min(FOLDS, HEAD_PERMUTATIONS // max(1, len(nodes)))
    return [number for node in nodes for number in drawn(by_node[node], min(each, len(by_node[node])))]


def _lies(answers: Mapping[int, tuple[str, float]], again: Iterable[int], best: Best) -> dict[str, str]:
    """Return of each rig that said something else its first lie."""
    lies: dict[str, str] = {}
    for number, true in zip(again, best.permuted, strict=False):
        node, claimed = answers[number]
        if not math.isclose(claimed, true, rel_tol=_SAME):
            lies.setdefault(node, f"permutation {number}: it says {claimed}, the head computes {true}")
    return lies
