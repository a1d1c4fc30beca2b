"""A run that is triggered in the browser and watched in its tab, while one of its rigs dies."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from playwright.sync_api import BrowserContext, FrameLocator, Page

from scorer_core.run.trials import TicketState
from sim.demo.client import DAG_ID
from sim.demo.stand import Stand
from tests.e2e.airflow_ui import Heard, trigger
from tests.e2e.runs import Ended, known_runs, only
from tests.e2e.waiting import until

FORM = {"survivors_path": "null.npz", "sample_size": "450", "min_lift": "1.05"}
LOST = "rig-6600b"


@dataclass(frozen=True)
class Watched:
    """The run at its end, each headline that its tab showed, in order, and what the browser had to complain of."""

    run_id: str
    ended: Ended
    said: list[str]
    heard: Heard


def watched_run(up: Stand, desk: BrowserContext) -> Watched:
    """Trigger a sweep on 450 rows with the form, kill a rig after the first shards, watch the tab to the verdict."""
    known, heard, said = known_runs(up), Heard(), list[str]()
    with only(up, "head", LOST, lanes=1):  # more of them are through before the tab has looked twice
        with desk.new_page() as page:
            heard.listen(page)
            trigger(page, up.airflow, FORM)
            until(lambda: known_runs(up) - known, "the run that the form triggered")
            (run_id,) = known_runs(up) - known
            page.goto(f"{up.airflow.url}/dags/{DAG_ID}/runs/{quote(run_id)}")
            page.locator("a[href*='plugin/scorer-run']").click()
            tab = framed(page)
            until(lambda: _listen(tab, said) and _done(up, run_id) >= 20, "the first trials")
            up.cluster.kill(LOST)
            until(lambda: _listen(tab, said).isupper(), "the verdict, in the tab that nobody touched")
        return Watched(run_id, Ended.of(up, run_id), said, heard)


def framed(page: Page) -> FrameLocator:
    """Return what is in the frame of the UI's page."""
    return page.frame_locator("iframe[title=Scorer]")


def _listen(tab: FrameLocator, said: list[str]) -> str:
    """Note what the tab says, when it is new; return its label, or a word of our own while a run goes."""
    banner = tab.locator("header.verdict")
    headline = banner.locator("h1").text_content(timeout=60_000) or ""
    if said[-1:] != [headline]:
        said.append(headline)
    label = banner.locator(".label").text_content() or ""
    return "going" if label in ("RUNNING", "STOPPED", "ASKING") else label


def _done(up: Stand, run_id: str) -> int:
    known = {run.run_id for run in up.ledger.runs()}
    return up.ledger.counts(run_id)[TicketState.DONE] if run_id in known else 0
