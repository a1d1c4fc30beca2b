"""The Airflow UI in a real browser, as an operator uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from playwright.sync_api import Browser, Page

from sim.demo.airflow_stack import USER, AirflowStack
from sim.demo.client import DAG_ID

TRIAL = re.compile(r"(trial|shard) \d+: .*objective [+-]")
"""A line of a lane's log."""


@dataclass
class Heard:
    """What a browser had to complain of, and where it went."""

    errors: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def listen(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.asked.add(urlsplit(request.url).netloc or "itself"))
        page.on(
            "response",
            lambda answer: self.refused.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        )


# The UI has a bar that moves as long as a page is open, drawn sixty times a second.
_STILL = """
if (self === top) addEventListener("DOMContentLoaded", () => {
    const still = document.createElement("style");
    still.textContent = "* { animation: none !important; }";
    document.head.append(still);
});
"""


@contextmanager
def logged_in(airflow: AirflowStack, browser: Browser, url: str | None = None) -> Iterator[Page]:
    """Log in as one whom the browser does not know, at another address than the Airflow's own if one is given.

    More pages of the same login are those of the page's context.
    """
    with browser.new_context(viewport={"width": 1400, "height": 900}) as context:
        context.add_init_script(_STILL)
        page = context.new_page()
        log_in(page, airflow, url)
        yield page


def log_in(page: Page, airflow: AirflowStack, url: str | None = None) -> None:
    """Log in, at another address than the Airflow's own if one is given."""
    page.goto(url or airflow.url)
    page.fill("input[name=username]", USER)
    page.fill("input[name=password]", airflow.password)
    page.keyboard.press("Enter")
    _at_home(page)


def opened(page: Page, airflow: AirflowStack) -> Page:
    """Return a page that shows where one is once one has logged in."""
    page.goto(airflow.url)
    _at_home(page)
    return page


def _at_home(page: Page) -> None:
    page.get_by_role("link", name="Dags").first.wait_for()


def task_page(airflow: AirflowStack, run_id: str, place: str) -> str:
    """Return the address of a task instance, or of a tab of it."""
    return f"{airflow.url}/dags/{DAG_ID}/runs/{quote(run_id)}/tasks/{place}"


def answer(page: Page, airflow: AirflowStack, run_id: str, choice: str) -> str:
    """Answer the question of a run, once its numbers are read; return what was asked."""
    page.goto(task_page(airflow, run_id, "approve/required_actions"))
    page.get_by_role("cell", name="guaranteed lift").wait_for()
    asked = page.inner_text("body")
    with page.expect_response(lambda reply: reply.request.method == "PATCH") as sent:
        page.get_by_role("button", name=choice, exact=True).click()
    assert sent.value.ok, sent.value.url
    return asked


def lane_log(page: Page, airflow: AirflowStack, run_id: str, map_index: int) -> str:
    """Return the log of a lane as it is shown, the group of its trials unfolded."""
    page.goto(task_page(airflow, run_id, f"trial_lane/mapped/{map_index}"))
    page.get_by_text("its trials, one a line").click()
    page.get_by_text(TRIAL).first.wait_for()
    return page.inner_text("body")


def trigger(page: Page, airflow: AirflowStack, fields: dict[str, str]) -> None:
    """Trigger a run with the form of the DAG's page, some fields filled in."""
    page.goto(f"{airflow.url}/dags/{DAG_ID}")
    page.get_by_role("button", name=re.compile("Trigger")).first.click()
    for name, value in fields.items():
        box = page.locator(f"[name='element_{name}']").first
        box.fill(value)
        box.blur()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Trigger", exact=True).click()
    dialog.wait_for(state="hidden")
