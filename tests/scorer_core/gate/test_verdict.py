"""The table of verdicts: each answer has words, a colour, and an exit code of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer_core import report
from scorer_core.gate.verdict import Verdict, row_of

STYLE = Path(report.__path__[0]) / "templates" / "report.css"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_that_is_proven_names_the_config_and_all_have_a_colour_of_the_report(verdict: Verdict) -> None:
    row = row_of(verdict)

    assert ("the config of trial 7" in row.opening.format(config="the config of trial 7")) is row.enriched
    assert f".banner.{row.tone} " in STYLE.read_text(encoding="utf-8")


def test_exit_codes_tell_verdicts_apart_and_none_is_that_of_an_error() -> None:
    codes = {verdict: row_of(verdict).exit_code for verdict in Verdict}

    assert codes[Verdict.PUBLISH] == 0
    assert len(set(codes.values())) == len(Verdict)
    assert {1, 2} & set(codes.values()) == set()


def test_only_where_enrichment_is_shown_does_the_gate_pass() -> None:
    assert {verdict for verdict in Verdict if row_of(verdict).enriched} == {Verdict.PUBLISH, Verdict.KEEP_CHAMPION}


def test_a_value_that_is_no_verdict_has_no_row() -> None:
    with pytest.raises(AssertionError, match="'MAYBE' is not told apart"):
        row_of("MAYBE")  # type: ignore[arg-type]
