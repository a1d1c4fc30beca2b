"""Airflow's notifiers as SCORER_NOTIFY names them: how one is made, and what its templates may say."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib import import_module
from typing import Any

from airflow.sdk import BaseNotifier

from scorer_airflow import DAG_ID
from scorer_airflow.links import run_url
from scorer_core.errors import SettingsError
from scorer_core.notify import Notify
from scorer_core.views.news import News

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "airflow.providers.smtp.notifications.smtp.SmtpNotifier": {
        "subject": "Scorer: {{ scorer.subject }}",
        "html_content": "{{ scorer.html }}",
    },
    "airflow.providers.apprise.notifications.apprise.AppriseNotifier": {
        "title": "Scorer: {{ scorer.subject }}",
        "body": "{{ scorer.text }}\n\n{{ scorer.url }}",
    },
}
"""What a notifier says unless its kwargs do; for any other class they have to."""


def made(whom: Notify) -> BaseNotifier:
    """Return a notifier as the setting asks for it.

    Raises:
        SettingsError: its class cannot be imported, is none, or is not made of such kwargs.
    """
    module, _, name = whom.notifier.rpartition(".")
    try:
        kind = getattr(import_module(module), name)
        if not issubclass(kind, BaseNotifier):
            raise TypeError("it is no notifier of Airflow's")
        notifier: BaseNotifier = kind(**{**_DEFAULTS.get(whom.notifier, {}), **whom.kwargs})
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise SettingsError(
            f"environment: SCORER_NOTIFY: {whom.notifier} cannot be used ({error}). "
            "Install the package that brings it, or correct its name and kwargs."
        ) from None
    return notifier


def words(one: News, run_id: str) -> dict[str, str]:
    """Return what the templates of a notifier may say, as `scorer`."""
    url = run_url(DAG_ID, run_id)
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in one.text.split("\n\n"))
    link = f'<p><a href="{escape(url)}">{escape(run_id)}</a></p>'
    return {
        "event": one.event.value,
        "subject": one.subject,
        "text": one.text,
        "html": paragraphs + link,
        "url": url,
        "run_id": run_id,
    }
