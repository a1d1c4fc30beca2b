"""A decision of the gate, as it is kept: verdict, checks, numbers, words; and its JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from scorer_core.gate.changes import Changes
from scorer_core.gate.checks.check import Check
from scorer_core.gate.examination import Effect
from scorer_core.gate.reigning import Duel
from scorer_core.gate.verdict import Verdict
from scorer_core.scoring.params import Params
from scorer_core.scoring.trial import Evaluation

DECISION_SCHEMA = 3
_HOLDOUT_SCHEMA = 2
"""What release 0.1.0 wrote: of it verdict, reason, checks and candidate are read."""


@dataclass(frozen=True)
class Candidate:
    """A config on all rows: all its parameters and its evaluation there.

    `trial_number` is the trial that tried it, None where a sweep found it beside the best of its shards.
    """

    trial_number: int | None
    params: Params
    evaluation: Evaluation


@dataclass(frozen=True)
class Proof:
    """What the whole pool says of the candidate; `log10_p_space` is that of p times the size of the space.

    `folds` has, of each fold, the minority rows kept and those that chance would keep; `same_in_folds` is in how many
    of them the candidate itself was picked without them. `cross_fitted_lift` is None where nothing can be told.
    """

    kept: int
    minority_kept: int
    expected: float
    lift: float | None
    log10_p_space: float
    guaranteed_lift: float
    cross_fitted_lift: float | None
    same_in_folds: int
    folds: tuple[tuple[int, float], ...]

    @classmethod
    def of(cls, effect: Effect) -> Self:
        """Return the numbers of an effect."""
        margins, fitted = effect.margins, effect.cross_fitted
        return cls(
            kept=int(margins.kept.sum()),
            minority_kept=margins.minority_kept,
            expected=margins.expected,
            lift=margins.lift,
            log10_p_space=effect.log10_p_space,
            guaranteed_lift=effect.guaranteed_lift,
            cross_fitted_lift=fitted.lift,
            same_in_folds=effect.same_in_folds,
            folds=tuple((fold.minority_kept, fold.expected) for fold in fitted.folds),
        )


@dataclass(frozen=True)
class Standing:
    """What the published config came to beside the candidate, on this pool; `fresh_rows` are outside its own.

    `difference` is the candidate's objective less its own on these, `ratio` that in standard errors, where enough rows
    tell the two apart; `needed` is what challenger `challenger` needs.
    """

    same_mask: bool
    stale: bool
    rejected: str | None
    lift_at_most: float
    objective: float
    candidate_objective: float
    kept: int
    minority_kept: int
    fresh_rows: int
    difference: float
    ratio: float | None
    challenger: int
    needed: float

    @classmethod
    def of(cls, duel: Duel) -> Self:
        """Return the numbers of a duel."""
        found = duel.challenge
        return cls(
            same_mask=duel.same_mask,
            stale=duel.stale,
            rejected=duel.rejected,
            lift_at_most=duel.at_most,
            objective=duel.champion_objective,
            candidate_objective=duel.candidate_objective,
            kept=duel.champion_kept,
            minority_kept=duel.champion_minority_kept,
            fresh_rows=found.rows,
            difference=found.difference,
            ratio=found.ratio,
            challenger=found.challenger,
            needed=found.needed,
        )


@dataclass(frozen=True)
class Decision:
    """What the gate decided and why.

    `checks` are all of the table, in order. `reason` is a paragraph for the operator. `number`, `alpha` and `alpha_j`
    are None where no decision was asked for, `candidate` and `proof` where there was none. `excludes` is U: lifts above
    it are excluded for every config that keeps a tenth of the rows; None unless a whole sweep knows it. `replaces` is
    the fingerprint of the published config that was there, `champion` what it came to, if it was compared.
    `best_objective` is the best on all rows of what the search found, be it proven or not.
    """

    verdict: Verdict
    reason: str
    checks: tuple[Check, ...]
    number: int | None
    alpha: float | None
    alpha_j: float | None
    candidate: Candidate | None = None
    proof: Proof | None = None
    excludes: float | None = None
    replaces: str | None = None
    champion: Standing | None = None
    changes: Changes | None = None
    best_objective: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the decision as a JSON object; `from_json` reads it back."""
        candidate = self.candidate
        return {
            "schema": DECISION_SCHEMA,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "checks": [dataclasses.asdict(check) for check in self.checks],
            "decision": self.number,
            "alpha": self.alpha,
            "alpha_j": self.alpha_j,
            "candidate": candidate
            and {
                "trial_number": candidate.trial_number,
                "params": dict(candidate.params),
                "evaluation": candidate.evaluation.to_json(),
            },
            "proof": self.proof
            and {**dataclasses.asdict(self.proof), "folds": [list(one) for one in self.proof.folds]},
            "excludes": self.excludes,
            "replaces": self.replaces,
            "champion": self.champion and dataclasses.asdict(self.champion),
            "changes": self.changes and dataclasses.asdict(self.changes),
            "best_objective": self.best_objective,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Build a decision from what `to_json` gave, or release 0.1.0.

        Raises:
            ValueError: the record is of another schema.
        """
        schema = record.get("schema")
        if schema not in (DECISION_SCHEMA, _HOLDOUT_SCHEMA):
            raise ValueError(
                f"a gate decision of schema {schema!r} cannot be read by this version, which writes {DECISION_SCHEMA}; "
                "search again."
            )
        found, proof = record["candidate"], record.get("proof")
        evaluation = found and Evaluation.from_json(found["evaluation" if schema == DECISION_SCHEMA else "search"])
        own = record if schema == DECISION_SCHEMA else {}
        return cls(
            verdict=Verdict(record["verdict"]),
            reason=record["reason"],
            checks=tuple(Check(**check) for check in record["checks"]),
            number=record["decision"],
            alpha=record["alpha"],
            alpha_j=record["alpha_j"],
            candidate=found and Candidate(found["trial_number"], found["params"], evaluation),
            proof=proof and Proof(**{**proof, "folds": tuple((kept, mean) for kept, mean in proof["folds"])}),
            excludes=record.get("excludes"),
            replaces=record.get("replaces"),
            champion=Standing(**own["champion"]) if own.get("champion") else None,
            changes=Changes(**own["changes"]) if own.get("changes") else None,
            best_objective=record.get("best_objective"),
        )
