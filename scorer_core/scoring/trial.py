"""One trial: a request (config and sample) in, an evaluation out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from scorer_core.errors import RequestError
from scorer_core.pool.sampling import sample_rows
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import Score, score
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import check_params

MAX_TRIAL_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class TrialRequest:
    """What to score: the trial's number seeds the sample; `sample_size` None means all rows."""

    trial_number: int
    params: Params
    sample_size: int | None
    mask_policy: MaskPolicy

    @classmethod
    def from_json(cls, record: object) -> TrialRequest:
        """Check a decoded JSON object and build the request.

        Raises:
            RequestError: a key is missing or unknown, or a value has the wrong type or range.
        """
        if not isinstance(record, dict):
            raise RequestError("a trial request must be a JSON object.")
        expected = {"trial_number", "params", "sample_size", "mask_policy"}
        if set(record) != expected:
            wrong = sorted(str(key) for key in set(record) ^ expected)
            raise RequestError(f"a trial request needs exactly the keys {sorted(expected)}; wrong: {wrong}.")
        number, params, size = record["trial_number"], record["params"], record["sample_size"]
        if not _is_int(number) or not 0 <= number <= MAX_TRIAL_NUMBER:
            raise RequestError(f"trial_number is {number!r}; it must be an integer from 0 to {MAX_TRIAL_NUMBER}.")
        if size is not None and (not _is_int(size) or size < 1):
            raise RequestError(f"sample_size is {size!r}; it must be null or a positive integer.")
        if not isinstance(params, dict):
            raise RequestError("params must be a JSON object of parameter names and values.")
        policy = _policy(record["mask_policy"])
        check_params(params, policy)
        return cls(number, params, size, policy)

    def to_json(self) -> dict[str, Any]:
        """Return the request as a JSON object; `from_json` reads it back."""
        return {
            "trial_number": self.trial_number,
            "params": dict(self.params),
            "sample_size": self.sample_size,
            "mask_policy": self.mask_policy.value,
        }


@dataclass(frozen=True)
class Evaluation:
    """A score with what the mask looked like: pass rate and blindness of each modulus."""

    score: Score
    pass_rates: tuple[float, ...]
    blind: tuple[bool, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object: the terms and the counts of the score, then what the mask looked like."""
        flat = dataclasses.asdict(self.score)
        flat["reason"] = self.score.reason.value
        return {**flat, "pass_rates": list(self.pass_rates), "blind": list(self.blind)}


EVALUATION_KEYS = frozenset(field.name for kind in (Score, Evaluation) for field in dataclasses.fields(kind)) - {
    "score"
}
"""The keys of an evaluation as a JSON object; what else a worker sends is none of its business."""


def evaluate(pool: Pool, request: TrialRequest) -> Evaluation:
    """Score one request on the rows of `pool` that its number and sample size prescribe."""
    chosen = sample_rows(len(pool), request.sample_size, request.trial_number)
    rows = pool if chosen is None else pool.rows(chosen)
    mask = residue_mask(rows.seeds, request.params, request.mask_policy)
    return Evaluation(score=score(rows, mask.kept), pass_rates=mask.pass_rates, blind=mask.blind)


def _policy(value: object) -> MaskPolicy:
    try:
        return MaskPolicy(value)
    except ValueError:
        known = ", ".join(policy.value for policy in MaskPolicy)
        raise RequestError(f"mask_policy {value!r} is not known; use one of {known}.") from None


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
