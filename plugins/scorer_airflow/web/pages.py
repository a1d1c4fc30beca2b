"""How a page is made: one Jinja environment, escaped, with addresses that are relative to where the page is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from scorer_core import __version__
from scorer_core.report import words
from scorer_core.run.clock import utc_now
from scorer_core.views.discreet import discreet

HERE = Path(__file__).parent
STATIC = HERE / "static"
_WHOLE = 34
"""Characters of a part of a name that stay on one line."""


def page(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **content: Any
) -> HTMLResponse:
    """Render a template for a request."""
    known = {"root": root_of(request), "now": utc_now(), "version": __version__, "stamp": _stamp(), **content}
    return HTMLResponse(_environment().get_template(template).render(known), status, headers)


def root_of(request: Request) -> str:
    """Return the app's root, relative to the page that is asked for: `./`, `../` and so on, whatever is before it."""
    path = str(request.scope["path"]).removeprefix(str(request.scope.get("root_path", "")))
    return "../" * max(0, path.count("/") - 1) or "./"


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago a moment was."""
    if moment is None:
        return words.NOTHING
    return f"{words.age((now - moment).total_seconds())} ago"


def address(*parts: str, **query: object) -> str:
    """Return a relative address of quoted parts; what is None or empty is left out of the query."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return "/".join(quote(part, safe="") for part in parts) + (f"?{urlencode(given)}" if given else "")


def soft(text: str) -> Markup:
    """Return a name that may be broken after its separators, and elsewhere only where a part is very long."""
    parts = re.split(r"(?<=[_/])(?![_/])", text)
    whole = Markup('<span class="nowrap">{}</span>')
    return Markup("<wbr>").join(whole.format(part) if len(part) <= _WHOLE else escape(part) for part in parts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("number", "percent", "seconds", "moment", "parameter", "sample", "power_of_ten", "powers", "value"):
        environment.filters[name] = getattr(words, name)
    environment.filters |= {"discreet": discreet, "ago": ago, "soft": soft}
    environment.globals["address"] = address
    return environment


@cache
def _stamp() -> str:
    """Return what changes when style or script do, so that a browser may keep them."""
    return sha256(b"".join(path.read_bytes() for path in sorted(STATIC.iterdir()))).hexdigest()[:12]
