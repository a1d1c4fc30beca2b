"""The searches under study, by name: `tpe-100@5000` is 100 TPE trials of 5000 rows, `@all` all rows; `sweep@all`."""

from __future__ import annotations

import re

from scorer_core.cli.search import rows_option
from scorer_core.errors import InputError
from scorer_core.spec import RunSpec

SWEEP = "sweep@all"
_NAME = re.compile(r"(?P<search>tpe|random)-(?P<trials>\d+)@(?P<size>\d+|all)")


def spec_named(name: str, seed: int) -> RunSpec:
    """Return the spec of an engine's run.

    Raises:
        InputError: the name is neither `sweep@all` nor of the form `tpe-100@5000`.
    """
    if name == SWEEP:
        return RunSpec.from_conf({})
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise InputError(
            f"engine {name!r} is not known; use {SWEEP}, or a name like tpe-100@5000, tpe-50@1000 or random-50@all."
        )
    return RunSpec.from_conf(
        {
            "search": parts["search"],
            "n_trials": int(parts["trials"]),
            "sample_size": rows_option(parts["size"]),
            "seed": seed,
        }
    )
