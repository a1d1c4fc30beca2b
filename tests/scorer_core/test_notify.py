"""SCORER_NOTIFY: what is understood, and in which words anything else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scorer_core.errors import SettingsError
from scorer_core.notify import Event
from scorer_core.settings import load_settings

SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
SECRET = "hunter2-of-the-mail-server"


def read(given: Any) -> Any:
    text = given if isinstance(given, str) else json.dumps(given)
    return load_settings({"SCORER_NOTIFY": text}).notify


def test_nobody_is_told_of_anything_by_default() -> None:
    assert load_settings({}).notify == ()


def test_a_notifier_tells_every_event_unless_it_says_which() -> None:
    every, some = read([{"notifier": SMTP, "kwargs": {"to": ["a@b.c"]}}, {"notifier": "a.B", "on": ["rig_out"]}])

    assert (every.notifier, every.kwargs, set(every.on)) == (SMTP, {"to": ["a@b.c"]}, set(Event))
    assert (some.kwargs, some.on) == ({}, (Event.RIG_OUT,))


def test_it_reaches_a_child_process_as_it_is() -> None:
    given = {"SCORER_NOTIFY": json.dumps([{"notifier": SMTP, "kwargs": {"to": "a@b.c"}, "on": ["failed"]}])}
    settings = load_settings(given)

    assert load_settings(settings.environment()) == settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "SCORER_NOTIFY: no JSON list; give one of objects with the keys notifier, kwargs and on, or unset it"),
        ({"notifier": SMTP}, "SCORER_NOTIFY: no JSON list"),
        ([{"notifer": SMTP}], "SCORER_NOTIFY.0.notifer is an unknown key"),
        ([{"notifier": "SmtpNotifier"}], "SCORER_NOTIFY.0.notifier: match pattern"),
        ([{"notifier": SMTP, "on": ["verdit"]}], "SCORER_NOTIFY.0.on.0: 'verdict', 'failed', 'rig_out' or 'approval'"),
        ([{"notifier": SMTP, "on": []}], "SCORER_NOTIFY.0.on: have at least 1 item"),
        ([{"notifier": SMTP, "kwargs": {"auth": {"password": SECRET}}}], "kwargs.auth.password looks like a secret"),
        ([{"notifier": SMTP, "kwargs": {"to": [f"smtp://u:{SECRET}@h"]}}], "kwargs.to.0 looks like a secret"),
    ],
)
def test_anything_else_is_refused_in_one_line(given: Any, said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(given)

    told = str(refusal.value)
    assert said in told
    assert "\n" not in told
    assert SECRET not in told
