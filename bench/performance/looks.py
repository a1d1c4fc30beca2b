"""`python -m bench.performance.looks RUN`: ask the ledger what the tab of a run shows, as often as the open tab does.

A line is written for each look: what it took, in milliseconds.
"""

from __future__ import annotations

import sys
import time

import scipy.stats  # noqa: F401 - the API server has imported it, too

from scorer_core.settings import load_settings
from scorer_core.views.chart import chart_of
from scorer_core.views.installation import Installation
from scorer_core.views.live import progress_of
from scorer_core.views.run_page import run_record

EVERY_S, REST = 2.0, 60
"""As plugins/scorer_airflow/web/static/page.js asks: every 2 s, and less often where an answer takes long."""


def main() -> None:
    """Look until somebody ends this process."""
    settings = load_settings()
    while True:
        began = time.perf_counter()
        installation = Installation.of(settings)
        progress = progress_of(installation, run_record(installation, sys.argv[1]))
        chart_of(progress.bins, progress.budget, progress.bin_width)
        spent = time.perf_counter() - began
        print(f"{1000 * spent:.1f}", flush=True)
        time.sleep(max(EVERY_S, REST * spent))


if __name__ == "__main__":
    main()
