"""A notifier of Airflow's that keeps what it is told; it stands for Slack, Apprise and whatever else is installed."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.sdk import BaseNotifier, Context


class Recorder(BaseNotifier):
    """Keeps its words as they were rendered; while it is broken it raises."""

    template_fields = ("words",)
    heard: ClassVar[list[str]] = []
    broken: ClassVar[bool] = False

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words

    def notify(self, context: Context) -> None:
        if Recorder.broken:
            raise ConnectionError("no answer from https://user:hunter2@hooks.example.net/x")
        Recorder.heard.append(self.words)


def recorder(*events: str, words: str = "{{ scorer.event }} {{ scorer.subject }}") -> dict[str, Any]:
    """Return an entry of SCORER_NOTIFY; without events it hears of all."""
    entry: dict[str, Any] = {"notifier": f"{__name__}.Recorder", "kwargs": {"words": words}}
    return {**entry, "on": list(events)} if events else entry
