"""Who is told of what: the setting SCORER_NOTIFY, a JSON list of notifiers of Airflow's, each with its events."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

_CLASS = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"
_SECRET = re.compile(r"passw|secret|token|api_?key|credential", re.IGNORECASE)
_LOGIN = re.compile(r"://[^/\s]*:[^/\s]*@")


class Event(StrEnum):
    """What somebody may want to hear of."""

    VERDICT = "verdict"
    FAILED = "failed"
    RIG_OUT = "rig_out"
    APPROVAL = "approval"


def _without_secrets(kwargs: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for path, value in _leaves("kwargs", kwargs):
        if _SECRET.search(path) or (isinstance(value, str) and _LOGIN.search(value)):
            raise ValueError(
                f"{path} looks like a secret. Put it into an Airflow Connection, and name that, as with smtp_conn_id"
            )
    return kwargs


def _leaves(path: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(f"{path}.{name}", one)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _leaves(f"{path}.{number}", one)
    else:
        yield path, value


class Notify(BaseModel):
    """A notifier: the path of its class, what it is made with, and the events that it tells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notifier: str = Field(pattern=f"^{_CLASS}$")
    kwargs: Annotated[dict[str, JsonValue], AfterValidator(_without_secrets)] = Field(default_factory=dict)
    on: Annotated[tuple[Event, ...], Field(min_length=1)] = tuple(Event)


def _parsed(given: Any) -> Any:
    """Return what the text of a setting says; raises ValueError where it is no JSON."""
    if not isinstance(given, str):
        return given
    try:
        said = json.loads(given)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, list):
        raise ValueError("no JSON list; give one of objects with the keys notifier, kwargs and on, or unset it")
    return said


Notifies = Annotated[tuple[Notify, ...], BeforeValidator(_parsed)]
"""What SCORER_NOTIFY says; the text is JSON."""
