"""Errors as a page may show them: without paths, hosts, addresses, ports, logins and URLs.

Whoever may read a run need not know how the head reaches a rig, nor where anything is on either.
"""

from __future__ import annotations

import re

from scorer_core.text import printable

HIDDEN = "…"
_HEX = r"[0-9A-Fa-f]{1,4}"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]+",  # an URL, with all that is in it
        r"(?<![\w@])[\w.+-]+@[\w.-]+",  # a login at a host
        r"\bport \d+ on \S+(?: or \S+)*",  # as paramiko tells of a connection
        r"(?<=user )(['\"]).*?\1",
        r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.])",
        rf"(?<![\w:])(?:{_HEX}:){{3,7}}{_HEX}(?![\w:])|(?<![\w:])(?:{_HEX}:)*:(?::?{_HEX})+(?![\w:])",
        r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)+:\d{2,5}\b",  # a host with its port
        r"(?<![\w.…)<>/])~?/(?:[^\s/'\"<>:,;()]+/)*(?=[^\s/'\"<>:,;()])",  # a path, but for its last name
        r"\b[a-z]:\\(?:[^\s\\'\"<>]+\\)*",
    )
)


def discreet(text: object, limit: int | None = None) -> str:
    """Return a text, cut to a length, with … for paths, all but their last name, and for how a machine is reached."""
    shown = printable(str(text), limit)
    for pattern in _PATTERNS:
        shown = pattern.sub(HIDDEN, shown)
    return shown
