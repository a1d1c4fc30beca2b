"""The installed transports, by name: each is an entry point of the group `scorer.transports`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from scorer_core.errors import SettingsError
from scorer_core.transport.port import Transport

GROUP = "scorer.transports"


@cache
def installed() -> Mapping[str, Transport]:
    """Return every installed transport.

    Raises:
        SettingsError: one of them cannot be loaded, or is no `Transport`.
    """
    return {entry.name: _load(entry) for entry in sorted(entry_points(group=GROUP))}


def find(name: str) -> Transport:
    """Return a transport by name.

    Raises:
        SettingsError: no installed package provides it.
    """
    if name not in installed():
        known = ", ".join(installed()) or "none"
        raise SettingsError(f"SCORER_TRANSPORT: no transport {name!r} is installed; known are: {known}.")
    return installed()[name]


def _load(entry: EntryPoint) -> Transport:
    try:
        found = entry.load()
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            f"the transport {entry.name!r} cannot be loaded ({error}). Install its package anew."
        ) from None
    if not isinstance(found, Transport):
        raise SettingsError(f"the transport {entry.name!r} is {entry.value}, which is no Transport. Mend its package.")
    return found
