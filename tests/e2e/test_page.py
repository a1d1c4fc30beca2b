"""The page *Scorer* in the Airflow UI: a run is triggered, watched and read in a browser, at `/` and below `/sub/`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from sim.demo.client import DAG_ID
from sim.demo.stand import Stand
from tests.e2e.airflow_ui import Heard, logged_in, opened
from tests.e2e.sub_path import below_a_base_path
from tests.e2e.watching import Watched, framed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

Home = tuple[str, Page]
"""The address of the UI, and a page that shows it."""


def no_complaint(heard: Heard, url: str) -> None:
    """Check that nothing was missing, nothing broke, and nobody else was asked."""
    assert heard.refused == []
    assert heard.errors == []
    assert heard.asked - {"itself"} == {urlsplit(url).netloc}


def test_the_tab_changes_while_the_run_goes_and_ends_with_the_verdict(up: Stand, watched: Watched) -> None:
    searching = [one for one in watched.said if one.startswith("Searching: ")]

    assert searching, watched.said
    assert len(watched.said) > 3, watched.said
    assert all(" of 143 shards are done" in one for one in searching)
    assert watched.said[-1] == "Nothing is published, and nothing is refuted: this run could not tell.", watched.said
    assert up.ledger.run(watched.run_id).spec.sample_size == 450
    no_complaint(watched.heard, up.airflow.url)


@pytest.fixture(params=["/", "/sub/"])
def at_home(request: pytest.FixtureRequest, up: Stand, browser: Browser, desk: BrowserContext) -> Iterator[Home]:
    """The UI as one sees it who has logged in."""
    if request.param == "/":
        with desk.new_page() as page:
            yield up.airflow.url, opened(page, up.airflow)
        return
    with below_a_base_path(up.airflow) as below, logged_in(up.airflow, browser, below) as page:
        yield below, page


def test_every_page_is_reached_from_the_navigation(planted: dict[str, Any], watched: Watched, at_home: Home) -> None:
    (url, page), found, heard = at_home, planted["dag_run_id"], Heard()
    heard.listen(page)
    page.get_by_role("link", name="Scorer").first.click()
    view = framed(page)
    view.get_by_role("link", name=watched.run_id).wait_for()

    view.get_by_role("link", name="Published").click()
    view.get_by_text("PUBLISHED", exact=True).wait_for()
    view.get_by_role("link", name="Fleet").click()
    view.get_by_text("rig-6600c").wait_for()
    assert view.locator(".cells li").count() == 26

    view.get_by_role("link", name="Runs").click()
    for run_id in (watched.run_id, found):
        view.get_by_label(f"Compare {run_id}").check()
    view.get_by_role("button", name="Compare two runs").click()
    view.get_by_text("Two runs, side by side").wait_for()
    view.get_by_role("link", name=found).click()
    view.get_by_text("Its config is the published one.").wait_for()
    assert page.url.startswith(f"{url}/plugin/scorer/")

    page.goto(f"{url}/dags/{DAG_ID}/runs/{quote(watched.run_id)}/tasks/quality_gate/details")
    page.get_by_role("link", name="Scorer: this run").click()
    view.get_by_text("INCONCLUSIVE", exact=True).first.wait_for()
    no_complaint(heard, url)


def test_the_page_is_light_or_dark_as_the_ui_is(up: Stand, desk: BrowserContext) -> None:
    with desk.new_page() as page:
        opened(page, up.airflow)
        for mode in ("dark", "light"):
            page.evaluate(f"localStorage.setItem('theme', '{mode}')")
            page.goto(f"{up.airflow.url}/plugin/scorer")
            framed(page).locator(f"html[data-mode={mode}]").wait_for(state="attached")
            assert framed(page).locator("body").evaluate("body => getComputedStyle(body).colorScheme") == mode
