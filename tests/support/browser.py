"""Debian's Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.airflow_ui import FLAGS
from tests.support.needs import require_program


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser, and end it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(require_program("chromium")), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
