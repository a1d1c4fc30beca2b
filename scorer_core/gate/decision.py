"""A decision of the gate, as it is kept beside the run: verdict, checks, numbers, words; and its JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scorer_core.gate.candidate import Candidate
from scorer_core.gate.champion import Comparison, Side, Standing
from scorer_core.gate.checks.check import Check
from scorer_core.gate.holdout import HoldoutTest, Measured
from scorer_core.gate.verdict import Verdict
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.trial import Evaluation

DECISION_SCHEMA = 2
_TESTED = ("lower_bound", "p_value", "min_lift", "power", "survivors_needed")
_STANDING = ("lower_bound", "p_value", "published_lift", "power")


@dataclass(frozen=True)
class Decision:
    """What the gate decided and why.

    `checks` are all of the table, in order. `reason` is a paragraph for the operator. `candidate` is None when
    there was none; `test`, `champion` and `comparison` are None when the holdout was not looked at, and
    the last two also while nothing is published.
    """

    verdict: Verdict
    reason: str
    checks: tuple[Check, ...]
    decision: int
    alpha: float
    alpha_j: float
    candidate: Candidate | None = None
    test: HoldoutTest | None = None
    champion: Standing | None = None
    comparison: Comparison | None = None

    @property
    def looked_at_holdout(self) -> bool:
        """Say whether this decision read the holdout: only then has it spent its share of alpha."""
        return self.test is not None

    def to_json(self) -> dict[str, Any]:
        """Return the decision as a JSON object; `from_json` reads it back."""
        return {
            "schema": DECISION_SCHEMA,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "checks": [dataclasses.asdict(check) for check in self.checks],
            "decision": self.decision,
            "alpha": self.alpha,
            "alpha_j": self.alpha_j,
            "candidate": _candidate_to_json(self.candidate),
            "holdout": _test_to_json(self.test),
            "champion": _standing_to_json(self.champion),
            "comparison": None if self.comparison is None else dataclasses.asdict(self.comparison),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Decision:
        """Build a decision from what `to_json` gave.

        Raises:
            ValueError: the record is of another schema.
        """
        if record.get("schema") != DECISION_SCHEMA:
            raise ValueError(
                f"a gate decision of schema {record.get('schema')!r} cannot be read by this version, "
                f"which writes {DECISION_SCHEMA}; decide the run again."
            )
        return cls(
            verdict=Verdict(record["verdict"]),
            reason=record["reason"],
            checks=tuple(Check(**check) for check in record["checks"]),
            decision=record["decision"],
            alpha=record["alpha"],
            alpha_j=record["alpha_j"],
            candidate=_candidate_from_json(record["candidate"]),
            test=_test_from_json(record),
            champion=_standing_from_json(record["champion"]),
            comparison=_comparison_from_json(record["comparison"]),
        )


def _candidate_to_json(candidate: Candidate | None) -> dict[str, Any] | None:
    if candidate is None:
        return None
    return {
        "trial_number": candidate.trial_number,
        "params": dict(candidate.params),
        "search": candidate.evaluation.to_json(),
    }


def _candidate_from_json(record: Mapping[str, Any] | None) -> Candidate | None:
    if record is None:
        return None
    return Candidate(record["trial_number"], record["params"], Evaluation.from_json(record["search"]))


def _measured_to_json(measured: Measured | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    return {**dataclasses.asdict(measured), "reason": measured.reason.value}


def _measured_from_json(record: Mapping[str, Any] | None) -> Measured | None:
    if record is None:
        return None
    return Measured(Counts(**record["counts"]), record["lift"], record["objective"], Reason(record["reason"]))


def _standing_to_json(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    numbers = {name: getattr(standing, name) for name in _STANDING}
    return {**(_measured_to_json(standing.measured) or {}), **numbers, "stale": standing.stale}


def _standing_from_json(record: Mapping[str, Any] | None) -> Standing | None:
    measured = _measured_from_json(record)
    if record is None or measured is None:
        return None
    return Standing(measured, **{name: record[name] for name in _STANDING})


def _comparison_from_json(record: Mapping[str, Any] | None) -> Comparison | None:
    if record is None:
        return None
    sides = {name: Side(**record[name]) for name in ("both", "candidate_only", "champion_only")}
    return Comparison(**{**record, **sides})


def _test_to_json(test: HoldoutTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    numbers = {name: getattr(test, name) for name in _TESTED}
    return {**(_measured_to_json(test.measured) or {}), **numbers}


def _test_from_json(record: Mapping[str, Any]) -> HoldoutTest | None:
    holdout = record["holdout"]
    measured = _measured_from_json(holdout)
    if measured is None:
        return None
    numbers = {name: holdout[name] for name in _TESTED}
    spent = {name: record[name] for name in ("decision", "alpha", "alpha_j")}
    return HoldoutTest(measured, **numbers, **spent)
