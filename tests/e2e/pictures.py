"""`make pictures`: the screenshots of the docs, taken of real runs under a real Airflow, in a real browser."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page

from sim.demo.client import DAG_ID
from sim.demo.stand import Stand, stand
from sim.pools import PoolKind, make_pool
from tests.e2e.airflow_ui import log_in
from tests.e2e.waiting import until
from tests.support.browser import chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = {"width": 1440, "height": 900}
LONG: dict[str, Any] = {"search": "tpe", "n_trials": 400, "seed": 1, "sample_size": None}
POOLS = {
    "bidirectional_survivors_binary.npz": (PoolKind.PLANTED, 44_647, 1),
    "null.npz": (PoolKind.NULL, 12_000, 7),
}
_SETTLED_MS = 4000
"""For the pages' own refreshes, and the UI's."""


def main() -> None:
    """Take them all anew."""
    pools = {name: make_pool(kind, size, seed) for name, (kind, size, seed) in POOLS.items()}
    with tempfile.TemporaryDirectory() as folder, stand(Path(folder), pools) as up, chromium() as browser:
        light, dark = (_logged_in(browser, up, scheme) for scheme in ("light", "dark"))
        first = _triggered(up, {})
        up.client.wait(first)
        _take(light, f"{up.airflow.url}/dags/{DAG_ID}/runs/{quote(first)}", "run")
        _take(light, _tab(up, first), "page-verdict")
        up.client.wait(_triggered(up, {"survivors_path": "null.npz", "search": "random", "n_trials": 60, "seed": 1}))
        last = _triggered(up, LONG)
        dark.goto(_tab(up, last))
        until(lambda: _shown(dark) >= LONG["n_trials"] // 10, "a tenth of the trials")
        dark.screenshot(path=str(IMAGES / "page-live.png"))
        for path, name in (("", "runs"), ("/scorer/published", "published"), ("/scorer/fleet", "fleet")):
            _take(light, f"{up.airflow.url}/plugin/scorer{path}", f"page-{name}")
        up.client.wait(last)


def _logged_in(browser: Browser, up: Stand, scheme: Any) -> Page:
    page = browser.new_context(color_scheme=scheme, viewport=SIZE).new_page()  # type: ignore[arg-type]  # a TypedDict
    log_in(page, up.airflow)
    return page


def _triggered(up: Stand, conf: dict[str, Any]) -> str:
    run_id: str = up.client.trigger(conf).raise_for_status().json()["dag_run_id"]
    return run_id


def _tab(up: Stand, run_id: str) -> str:
    return f"{up.airflow.url}/dags/{DAG_ID}/runs/{quote(run_id)}/plugin/scorer-run"


def _shown(page: Page) -> int:
    """Return how many trials the tab of a run says that are done."""
    told = (re.search(r"Searching: ([\d,]+) of", frame.inner_text("body")) for frame in page.frames)
    return max((int(one.group(1).replace(",", "")) for one in told if one), default=0)


def _take(page: Page, url: str, name: str) -> None:
    """Take a picture of a page."""
    page.goto(url)
    page.wait_for_timeout(_SETTLED_MS)
    page.screenshot(path=str(IMAGES / f"{name}.png"))


if __name__ == "__main__":
    main()
