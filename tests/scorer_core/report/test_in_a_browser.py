"""The reports of six runs in a real browser: light and dark, on a phone and on a desk, nothing shuts a reader out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from scorer_core.context import RunContext
from scorer_core.run.published import Published
from scorer_core.run.trials import TicketState
from tests.scorer_core.report.test_page import copy_of, page_of
from tests.support.axe import serious
from tests.support.browser import chromium

pytestmark = pytest.mark.slow

WINDOWS = (("light", 390), ("dark", 1440))
OVERLAPPING = """() => [...document.querySelectorAll('tr')].flatMap(row => {
  const cells = [...row.cells].map(cell => [cell.getBoundingClientRect(), cell.innerText]).filter(([box]) => box.width);
  const apart = (a, b) => a.right - b.left < 1 || b.right - a.left < 1 || a.bottom - b.top < 1 || b.bottom - a.top < 1;
  return cells.flatMap(([a, told], at) =>
    cells.slice(at + 1).filter(([b]) => !apart(a, b)).map(([, other]) => `${told} | ${other}`));
})"""
MOST_SCROLLED = 9_000
"""Pixels that a phone may have to scroll while sections are folded."""


def ends(gate: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a summary has otherwise in each of six runs, given the gate's decision in one of them."""
    standing = {"objective": 0.25, "kept": 1000, "minority_kept": 100}
    before = {"run_id": "earlier", "params": {**gate["candidate"]["params"], "dropout": 0.25}, "guaranteed_lift": 1.5}
    nothing: dict[str, Any] = {"gate": None, "evidence": None, "best": None, "collected": None}
    failed = [{**check, "passed": False} for check in gate["checks"]]
    return {
        "publish": {"published": Published("/srv/published/config.json", None, "2026-11-22T03:00:00+00:00")},
        "keep": {
            "gate": {**gate, "verdict": "KEEP_CHAMPION", "champion": standing, "replaces": "a" * 64},
            "published_before": before,
        },
        "reject": {"gate": {**gate, "verdict": "REJECT", "checks": failed}},
        "inconclusive": {"gate": {**gate, "verdict": "INCONCLUSIVE", "checks": failed}},
        "deploy": {**nothing, "nodes": {}, "left_out": {"rig-a": "numpy is missing"}, "tickets": started_none()},
        "lost": {"left_out": {"rig-b": "unreachable: no SSH connection"}, "failed_attempts": 3},
    }


def started_none() -> dict[TicketState, int]:
    """Return the tickets of a run that had no lane."""
    return {**dict.fromkeys(TicketState, 0), TicketState.OPEN: 20}


@pytest.fixture(scope="module")
def reports(decided: RunContext, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where the report of each run is."""
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for name, changes in ends(decided.files.verdict.read_json()).items():
        files = copy_of(decided, folder / name)
        if name == "deploy":
            files.trials.write_json_lines([])
        page_of(decided, files, **changes)
        found[name] = Path(files.report.where)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=WINDOWS, ids=[f"{mode}-{width}" for mode, width in WINDOWS])
def window(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A window of a colour scheme and a width."""
    mode, width = request.param
    page = browser.new_page(color_scheme=mode, viewport={"width": width, "height": 900})
    yield page
    page.close()


@pytest.mark.parametrize("name", ["publish", "keep", "reject", "inconclusive", "deploy", "lost"])
def test_a_report_can_be_read_by_everybody(window: Page, reports: dict[str, Path], name: str) -> None:
    window.goto(reports[name].as_uri())
    size = window.viewport_size
    assert size is not None
    folded = window.evaluate("document.documentElement.scrollHeight")

    window.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")

    assert folded < MOST_SCROLLED
    assert window.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert serious(window) == []


def test_no_text_of_a_cell_lies_on_another(window: Page, reports: dict[str, Path]) -> None:
    window.goto(reports["keep"].as_uri())
    window.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")

    overlapping = window.evaluate(OVERLAPPING)

    assert overlapping == []
