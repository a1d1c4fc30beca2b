"""The four answers: two are proven, REJECT is excluded, and INCONCLUSIVE says what would tell."""

from __future__ import annotations

import pytest

from scorer_core.gate.checks.check import Check
from scorer_core.gate.ruling import verdict_of, what_is_excluded, what_would_tell
from scorer_core.gate.verdict import Verdict
from scorer_core.gate.within_trials.planning import Planner
from tests.scorer_core.gate.within_trials.tables import margins

NAMES = ("complete", "consistent", "alive", "real", "worth_it", "better")


def checks(*failed: str, unseen: tuple[str, ...] = ()) -> list[Check]:
    passed = {name: None if name in unseen else name not in failed for name in NAMES}
    return [Check(name, passed[name], None, None, "") for name in NAMES]


@pytest.mark.parametrize(
    ("failed", "largest_lift", "verdict"),
    [
        ((), 1.05, Verdict.PUBLISH),
        (("better",), 1.05, Verdict.KEEP_CHAMPION),
        (("real",), 1.05, Verdict.REJECT),
        (("worth_it",), 1.05, Verdict.REJECT),
        (("real", "worth_it", "better"), 1.05, Verdict.REJECT),
        (("real",), 1.2, Verdict.INCONCLUSIVE),
        (("worth_it",), 1.2, Verdict.INCONCLUSIVE),
        (("real",), None, Verdict.INCONCLUSIVE),
        (("worth_it", "better"), 1.1, Verdict.INCONCLUSIVE),
    ],
)
def test_an_answer_follows_from_the_checks_and_from_what_is_excluded(
    failed: tuple[str, ...], largest_lift: float | None, verdict: Verdict
) -> None:
    assert verdict_of(checks(*failed), largest_lift, 1.1) is verdict


def test_a_run_that_is_not_whole_is_never_refuted() -> None:
    unseen = ("real", "worth_it", "better")

    assert verdict_of(checks("complete", unseen=unseen), 1.0, 1.1) is Verdict.INCONCLUSIVE


def test_what_is_excluded_is_said_where_it_is_known() -> None:
    assert what_is_excluded(Verdict.REJECT, 1.05, 1.1).endswith("none reaches 1.1.")
    assert what_is_excluded(Verdict.INCONCLUSIVE, 1.2, 1.1).startswith("Lifts above 1.200 are excluded")
    assert what_is_excluded(Verdict.INCONCLUSIVE, None, 1.1) == what_is_excluded(Verdict.PUBLISH, 1.2, 1.1) == ""


def test_what_would_tell_is_a_size_or_none_or_less_than_there_was() -> None:
    table, cells = margins([(400, 40, 40)] * 10), margins([(80, 8, 8)] * 50)
    rows = int(table.rows.sum())

    assert "are needed" in what_would_tell(Planner(table, cells, 1.2, 1e-10), rows)
    assert "would have shown" in what_would_tell(Planner(table, cells, 3.0, 1e-10), rows)
    assert "No larger pool" in what_would_tell(Planner(table, cells, 20.0, 1e-10), rows)
