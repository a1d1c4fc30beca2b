"""One trial: a request (config and sample) in, an evaluation out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scorer_core.errors import RequestError
from scorer_core.pool.sampling import sample_rows
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import Reason, Score, score
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.requests import checked_fields, checked_number, checked_policy, checked_size
from scorer_core.scoring.space import check_params


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
        fields = checked_fields(record, "trial")
        number, params = checked_number(fields["trial_number"]), fields["params"]
        size = checked_size(fields["sample_size"])
        if not isinstance(params, dict):
            raise RequestError("params must be a JSON object of parameter names and values.")
        policy = checked_policy(fields["mask_policy"])
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
        if self.score.counts is None:  # read from a record of an earlier release, which stays as it was
            del flat["counts"]
        return {**flat, "pass_rates": list(self.pass_rates), "blind": list(self.blind)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Evaluation:
        """Build an evaluation from what `to_json` gave, in this release or an earlier one; take no other key.

        Raises:
            ValueError: a key is missing, or its value has the wrong type.
        """
        own = {field.name: record[field.name] for field in dataclasses.fields(Score) if field.name in record}
        try:
            counts = own.get("counts")  # releases before 0.2 did not write them
            score = Score(**{**own, "reason": Reason(own["reason"]), "counts": counts and Counts(**counts)})
            pass_rates, blind = tuple(record["pass_rates"]), tuple(record["blind"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"its keys are {sorted(own)} ({type(error).__name__}: {error}).") from None
        if not all(isinstance(value, (int, float)) for value in (score.objective, score.subset_n, score.keep)):
            raise ValueError("its objective, subset_n and keep must be numbers.")
        return cls(score, pass_rates, blind)


def evaluate(pool: Pool, request: TrialRequest) -> Evaluation:
    """Score one request on the rows of `pool` that its number and sample size prescribe."""
    chosen = sample_rows(len(pool), request.sample_size, request.trial_number)
    rows = pool if chosen is None else pool.rows(chosen)
    mask = residue_mask(rows.seeds, request.params, request.mask_policy)
    return Evaluation(score=score(rows, mask.kept), pass_rates=mask.pass_rates, blind=mask.blind)
