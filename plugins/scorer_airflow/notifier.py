"""Tells what happened to a run through the notifiers of SCORER_NOTIFY: what Airflow's callbacks are given."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import BaseNotifier, Context

from scorer_core.notify import Event
from scorer_core.settings import load_settings

log = logging.getLogger(__name__)


class RunNotifier(BaseNotifier):
    """Tells events of the run that it is called for, as far as they happened, each once; it never raises."""

    def __init__(self, *events: Event) -> None:
        super().__init__()
        self.events = events

    def notify(self, context: Context) -> None:
        """Tell what is new to those who want to hear of it."""
        settings = load_settings()
        if not settings.notify:
            return
        from scorer_airflow.notifying import tell

        try:
            tell(settings, self.events, context)
        except Exception as error:  # whatever is wrong with a message must not become wrong with a run
            log.warning("nobody could be told of run %s (%s)", context["run_id"], type(error).__name__)


def at_the_end(*events: Event) -> dict[str, Any]:
    """Return the arguments of a task that tells events when it is over, well or not."""
    told = [RunNotifier(*events)]
    return {"on_success_callback": told, "on_failure_callback": told}
