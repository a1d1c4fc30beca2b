"""The searches under study, by name: `tpe-100@5000` is 100 TPE trials of 5000 rows, `@all` all search rows.

A new engine is one more entry of ENGINES: search rows and seed in, trials out. The gate is told their
number and their sample size.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scorer_core.cli.search import rows_option
from scorer_core.errors import InputError
from scorer_core.pool.survivors import Pool
from scorer_core.search.one_lane import SearchedTrial, search_one_lane
from scorer_core.spec import RunSpec

Engine = Callable[[Pool, int], list[SearchedTrial]]

_NAME = re.compile(r"(?P<search>tpe|random)-(?P<trials>\d+)@(?P<size>\d+|all)")


def spec_named(name: str, seed: int) -> RunSpec:
    """Return the spec of an engine's run.

    Raises:
        InputError: the name is not of the form `tpe-100@5000`.
    """
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise InputError(
            f"engine {name!r} is not known; use one of {', '.join(ENGINES)}, "
            "or a name like tpe-50@1000 or random-50@all."
        )
    return RunSpec.from_conf(
        {
            "search": parts["search"],
            "n_trials": int(parts["trials"]),
            "sample_size": rows_option(parts["size"]),
            "seed": seed,
        }
    )


def engine_named(name: str) -> Engine:
    """Return an engine of ENGINES, or one in memory that the name describes."""
    return ENGINES[name] if name in ENGINES else _in_memory(name)


def sweep(rows: Pool, seed: int) -> list[SearchedTrial]:
    """Return the best config of each shard of the whole space, as a sweep's study has them; no chance is in it."""
    del seed
    return search_one_lane(rows, RunSpec.from_conf({}))


def _in_memory(name: str) -> Engine:
    return lambda rows, seed: search_one_lane(rows, spec_named(name, seed))


ENGINES: dict[str, Engine] = {
    name: _in_memory(name)
    for name in (
        "random-100@5000",
        "random-400@5000",
        "tpe-100@450",
        "tpe-100@5000",
        "tpe-100@all",
        "tpe-400@5000",
        "tpe-400@all",
    )
} | {"sweep@all": sweep}
