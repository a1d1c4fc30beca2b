"""Tables in a task's log: each row of its own level, none wider than 120 columns."""

from __future__ import annotations

import logging

from scorer_airflow.told import WIDTH, of_checks, of_collected
from scorer_core.gate.checks.check import Check
from scorer_core.gate.decision import Decision
from scorer_core.gate.verdict import Verdict
from scorer_core.run.collected import Collected

LONG = "What it saw, what it needed, and what that means to whoever reads this line. " * 4


def decision(*passed: bool | None) -> Decision:
    checks = tuple(Check(f"check-{number}", one, None, None, LONG) for number, one in enumerate(passed))
    return Decision(Verdict.INCONCLUSIVE, "", checks, None, None, None)


def test_a_check_is_folded_within_120_columns_under_its_own_words() -> None:
    lines = [text for _, text in of_checks(decision(True))]

    assert max(len(line) for line in lines) <= WIDTH
    assert lines[0].split()[:3] == ["check-0", "passed", "What"]
    assert len({len(line) - len(line.lstrip()) for line in lines[1:]}) == 1
    assert " ".join(" ".join(lines).split()).endswith(" ".join(LONG.split()))


def test_a_failed_check_is_an_error_and_one_that_was_not_evaluated_a_warning() -> None:
    levels = {text.split()[0]: level for level, text in of_checks(decision(True, False, None)) if text[0] != " "}

    assert levels == {"check-0": logging.INFO, "check-1": logging.ERROR, "check-2": logging.WARNING}


def test_collect_tells_counts_and_nodes_and_warns_of_what_is_wrong() -> None:
    found = Collected(143, 143, 143, 2, 143, 0, 1, {"rig-a": 100}, {"rig-b": "no SSH connection " * 20})

    lines = list(of_collected(found))

    assert max(len(text) for _, text in lines) <= WIDTH
    assert any(text.split() == ["rig-a", "100", "results", "in", "its", "journals"] for _, text in lines)
    warned = [text for level, text in lines if level == logging.WARNING]
    assert [text.split()[0] for text in warned if text[0] != " "] == ["torn", "rig-b"]
