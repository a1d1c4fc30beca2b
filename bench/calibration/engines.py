"""The searches under study, by name: `tpe-100@5000` is 100 TPE trials of 5000 rows, `@all` all rows; `sweep@all`.

Words after that are a mask policy, or parameters that are pinned: `sweep@all residue_mod_3=1000 max_offset=5` tries the
1,616 configs that are left. In these studies, other than in a run, the gate then pays for what is left alone: so small
a space is swept in milliseconds, a thousand pools of it in minutes, and what is shown is the same, a gate that pays
for each config of the space that was searched.
"""

from __future__ import annotations

import re
from typing import Any

from scorer_core.cli.search import rows_option
from scorer_core.errors import InputError
from scorer_core.scoring.params import FloatParam
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_space
from scorer_core.spec import RunSpec

SWEEP = "sweep@all"
SMALLEST = f"{SWEEP} residue_mod_3=1000 max_offset=5"
_NAME = re.compile(r"(?P<search>tpe|random)-(?P<trials>\d+)@(?P<size>\d+|all)")
_POLICY = "mask_policy"


def spec_named(name: str, seed: int, **conf: Any) -> RunSpec:
    """Return the spec of an engine's run; `conf` has what else the run is told.

    Raises:
        InputError: the name is neither `sweep@all` nor of the form `tpe-100@5000`, or a word after it is not known.
    """
    engine, *words = name.split()
    conf = {**conf, **_of_words(words)}
    if engine == SWEEP:
        return RunSpec.from_conf(conf)
    parts = _NAME.fullmatch(engine)
    if parts is None:
        raise InputError(
            f"engine {engine!r} is not known; use {SWEEP}, or a name like tpe-100@5000, tpe-50@1000 or random-50@all."
        )
    return RunSpec.from_conf(
        {
            **conf,
            "search": parts["search"],
            "n_trials": int(parts["trials"]),
            "sample_size": rows_option(parts["size"]),
            "seed": seed,
        }
    )


def _of_words(words: list[str]) -> dict[str, Any]:
    given = dict(word.partition("=")[::2] for word in words)
    policy = given.pop(_POLICY, MaskPolicy.MAX_OFFSET.value)
    space = {param.name: param for param in objective_space(MaskPolicy(policy))}
    unknown = sorted(set(given) - set(space))
    if unknown:
        raise InputError(f"{unknown[0]!r} is no parameter of policy {policy}; pin one of {', '.join(space)}.")
    pinned = {
        name: float(value) if isinstance(space[name], FloatParam) else int(value) for name, value in given.items()
    }
    return {_POLICY: policy, **({"fixed_params": pinned} if pinned else {})}
