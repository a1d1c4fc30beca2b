"""Every page in a real browser, light and dark, narrow and wide: nothing breaks, nothing serious for axe."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from scorer_core.settings import Settings
from tests.e2e.airflow_ui import Heard
from tests.scorer_airflow.web.installed import CUT_SHORT, DAG, GOING, PUBLISHED, RETIRED, AirflowLogins, airflow_app
from tests.support.axe import serious
from tests.support.browser import chromium
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

RUN = f"run/{DAG}/"
PAGES = (
    "",
    "published",
    "fleet",
    f"compare?run={quote(PUBLISHED)}&run={RETIRED}",
    *(f"{RUN}{quote(run_id, safe='')}" for run_id in (PUBLISHED, RETIRED, CUT_SHORT, GOING)),
)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an app on a port of this machine."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        assert eventually(lambda: server.started, 20)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture(scope="module")
def url(logins: AirflowLogins, installation: Settings) -> Iterator[str]:
    """Where the app is served."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in installation.environment().items():
            patch.setenv(name, value)
        with served(airflow_app()) as address:
            yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser."""
    with chromium() as browser:
        yield browser


@contextmanager
def opened(browser: Browser, url: str, logins: AirflowLogins, mode: Any, width: int) -> Iterator[tuple[Page, Heard]]:
    """Open a window of a width and a colour scheme in which a viewer is logged in."""
    context = browser.new_context(color_scheme=mode, viewport={"width": width, "height": 900})
    ((name, value),) = logins.cookie("vera", "VIEWER").items()
    context.add_cookies([{"name": name, "value": value, "url": url}])
    page, heard = context.new_page(), Heard()
    heard.listen(page)
    yield page, heard
    context.close()


@pytest.mark.parametrize(("mode", "width"), [("light", 390), ("dark", 1440)])
def test_every_page_can_be_read_by_everybody(
    browser: Browser, url: str, logins: AirflowLogins, mode: str, width: int
) -> None:
    with opened(browser, url, logins, mode, width) as (page, heard):
        for address in PAGES:
            page.goto(f"{url}/scorer/{address}")
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")

            assert serious(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{address} is too wide"
    assert (heard.errors, heard.refused) == ([], [])


def test_two_runs_can_be_chosen_and_no_third(browser: Browser, url: str, logins: AirflowLogins) -> None:
    with opened(browser, url, logins, "light", 1440) as (page, _):
        page.goto(f"{url}/scorer/")
        button = page.get_by_role("button", name="Compare two runs")
        assert button.is_disabled()

        for run_id in (RETIRED, CUT_SHORT):
            page.get_by_label(f"Compare {run_id}").check()
        assert page.get_by_label(f"Compare {PUBLISHED}").is_disabled()
        button.click()

        page.get_by_text("Two runs, side by side").wait_for()


def test_a_filter_that_is_chosen_is_obeyed_at_once(browser: Browser, url: str, logins: AirflowLogins) -> None:
    with opened(browser, url, logins, "light", 1440) as (page, _):
        page.goto(f"{url}/scorer/")
        page.get_by_label("Verdict").select_option("Found, and worth publishing")

        page.get_by_text("1 of 4 runs").wait_for()
        assert "verdict=PUBLISH" in page.url


def test_a_server_that_is_silent_is_said_and_asked_again(browser: Browser, url: str, logins: AirflowLogins) -> None:
    with opened(browser, url, logins, "light", 1440) as (page, _):
        page.goto(f"{url}/scorer/{RUN}{quote(GOING, safe='')}")
        page.route("**/now", lambda route: route.abort())
        page.get_by_text("No answer from the server.").wait_for(timeout=10_000)

        page.unroute("**/now")
        page.get_by_text("No answer from the server.").wait_for(state="hidden", timeout=20_000)


SLOW = """
  let told = 0;
  performance.now = () => (told += 100000);
  window.pauses = [];
  const wait = window.setTimeout;
  window.setTimeout = (done, pause) => { window.pauses.push(pause); return wait(done, 10); };
"""
"""Each answer seems to take 100 s, and no pause is waited for."""


def test_after_a_slow_answer_the_page_asks_again_within_seconds(
    browser: Browser, url: str, logins: AirflowLogins
) -> None:
    with opened(browser, url, logins, "light", 1440) as (page, _):
        page.add_init_script(SLOW)
        page.goto(f"{url}/scorer/{RUN}{quote(GOING, safe='')}")

        assert eventually(lambda: page.evaluate("window.pauses.length > 2"), 20)

        assert set(page.evaluate("window.pauses")) == {2000, 10000}


def test_the_report_shows_its_figures_and_reaches_nothing(browser: Browser, url: str, logins: AirflowLogins) -> None:
    with opened(browser, url, logins, "light", 1440) as (page, _):
        page.goto(f"{url}/scorer/{RUN}{quote(PUBLISHED)}/report.html")

        assert page.get_by_text("Scorer meta-optimizer").first.is_visible()
        assert page.locator("#shares svg.wide").is_visible()
        assert not page.locator("#shares svg.narrow").is_visible()
        assert page.evaluate("window.origin") == "null"
        reached = "fetch('/scorer/').then(() => 'reached', () => 'refused')"
        assert page.evaluate(reached) == "refused"
