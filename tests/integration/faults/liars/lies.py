"""What a rig that lies says instead of the truth. Standard library only: a liar's program imports nothing else.

Each lie turns a worker's message, a JSON object, into what is printed. Lies that are malformed, or are no answer to
what was asked, are REFUSED live; those that look true are FOUND OUT by the head's own computation.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
Lie = Callable[[Message], bytes]


def line(message: object) -> bytes:
    """Return a message as it is printed."""
    return json.dumps(message).encode() + b"\n"


def top(**changes: Any) -> Lie:
    """Change fields of the answer itself."""
    return lambda message: line({**message, **changes})


def inside(field: str, **changes: Any) -> Lie:
    """Change fields of the request or of the evaluation."""
    return lambda message: line({**message, field: {**message[field], **changes}})


def says(**changes: Any) -> Lie:
    """Change fields of the evaluation."""
    return inside("evaluation", **changes)


def without(field: str, key: str) -> Lie:
    """Leave a key out."""
    return lambda message: line({**message, field: {name: one for name, one in message[field].items() if name != key}})


def raw(content: bytes) -> Lie:
    """Print something else."""
    return lambda _message: content


def config(change: Callable[[list[Any]], list[Any]], *, also_objective: bool = False) -> Lie:
    """Change the best config of a shard."""

    def lie(message: Message) -> bytes:
        told = message["evaluation"]
        best = change(list(told["top"][0]))
        rest = told["top"][1:]
        changed = {**told, "top": [best, *rest], **({"objective": best[-4]} if also_objective else {})}
        return line({**message, "evaluation": changed})

    return lie


def front(change: Callable[[list[Any]], list[Any]], scope: int) -> Lie:
    """Change a front of a shard."""

    def lie(message: Message) -> bytes:
        fronts = list(message["evaluation"]["fronts"])
        fronts[scope] = change(fronts[scope])
        return line({**message, "evaluation": {**message["evaluation"], "fronts": fronts}})

    return lie


def _better(best: list[Any]) -> list[Any]:
    return [*best[:-4], 0.9, *best[-3:]]


def _all_minority(one: list[Any]) -> list[Any]:
    return [*one[:-3], one[-3], one[-3], one[-1]]


def _hide(message: Message) -> bytes:
    told = message["evaluation"]
    return line({**message, "evaluation": {**told, "top": told["top"][1:], "objective": told["top"][1][-4]}})


_OBJECTIVE = b'"objective": '
_PARAMS = {"residue_mod_1": 40, "learning_rate": 1e6, "hidden_layers": "$(reboot)"}

REFUSED_TRIALS: dict[str, Lie] = {
    "objective 2": says(objective=2.0),
    "objective 1e308": says(objective=1e308),
    "objective null": says(objective=None),
    "objective as text": says(objective="0.5"),
    "objective true": says(objective=True),
    "objective NaN": lambda message: (
        json.dumps({**message, "evaluation": {"objective": float("nan")}}).encode() + b"\n"
    ),
    "objective of thousands of digits": lambda message: line(message).replace(
        b'"objective": ', b'"objective": 1' + b"0" * 5000
    ),
    "keep missing": without("evaluation", "keep"),
    "keep 1.5": says(keep=1.5),
    "subset_n negative": says(subset_n=-5),
    "subset_n a fraction": says(subset_n=4.5),
    "reason unknown": says(reason="foo"),
    "pass rates of two": says(pass_rates=[0.5, 0.5]),
    "blind as numbers": says(blind=[0, 0, 1]),
    "counts as text": says(counts="many"),
    "params in the evaluation": says(params=_PARAMS),
    "number and state in the evaluation": says(number=3, state="failed"),
    "evaluation a list": top(evaluation=[1, 2]),
    "evaluation null": top(evaluation=None),
    "a key too many": top(extra=1),
    "begun yesterday": top(started_at="yesterday"),
    "ended without a time zone": top(finished_at="2026-01-01T00:00:00"),
    "seconds negative": top(seconds=-1.0),
    "seconds as text": top(seconds="long"),
    "another trial's number": lambda message: line({**message, "trial_number": message["trial_number"] + 1}),
    "another trial's request": inside("request", trial_number=7),
    "other params": inside("request", params=_PARAMS),
    "another sample size": inside("request", sample_size=50),
    "another policy": inside("request", mask_policy="keep_fraction"),
    "another node": top(node="rig-honest"),
    "another GPU": top(gpu=7),
    "GPU as text": top(gpu="0"),
    "another worker": top(worker_sha256="0" * 64),
    "another pool": top(pool_sha256="f" * 64),
    "a checksum with a line break": lambda message: line({**message, "pool_sha256": message["pool_sha256"] + "\n"}),
    "another kind": top(type="resultat"),
    "another schema": top(schema=99),
    "a list": raw(b"[]\n"),
    "null": raw(b"null\n"),
    "no JSON": raw(b"\x00\xff not JSON\n"),
    "nested too deep": raw(b"[" * 200_000 + b"\n"),
    "a line of two MiB": raw(b'"' + b"x" * 2**21 + b'"\n'),
    "a lone surrogate": top(node="\ud800"),
}

FOUND_OUT_TRIALS: dict[str, Lie] = {
    "a better objective": says(objective=0.99),
    "an objective a little better": lambda message: says(objective=min(1.0, message["evaluation"]["objective"] + 1e-9))(
        message
    ),
    "another keep": says(keep=0.25),
    "other counts": says(counts={"rows": 3000, "minority": 300, "kept": 300, "minority_kept": 299}),
    "other pass rates": says(pass_rates=[0.1, 0.1, 0.1]),
    "blind everywhere": says(blind=[True, True, True]),
    "rejected": says(objective=-1.0, reason="too_small"),
    "another lift": says(enrich=3.0, p_sub=0.9),
    "another coverage": says(coverage=0.25),
}

REFUSED_SHARDS: dict[str, Lie] = {
    "no best": says(top=[]),
    "a front of words": front(lambda configs: ["best", *configs], 0),
    "no fronts": says(fronts=[]),
    "a front too long": front(lambda configs: configs * 2000, 0),
    "another number of configs": says(configs=5),
    "counts of other reasons": says(counts={"foo": 1}),
    "counts that do not add up": says(counts={"ok": 1}),
    "a config outside the space": config(lambda best: [40, *best[1:]]),
    "a config outside the shard": config(lambda best: [*best[:2], 500 if best[2] > 1000 else 1500, *best[3:]]),
    "a config as text": config(lambda best: ["9", *best[1:]]),
    "a config of truth": config(lambda best: [True, *best[1:]]),
    "a config too short": config(lambda best: best[:-1]),
    "objective not the best's": says(objective=0.9),
    "more minority rows than rows": config(lambda best: [*best[:-3], 10, 11, best[-1]]),
    "a front upside down": front(lambda configs: configs[::-1] if len(configs) > 1 else [[]], 0),
    "a front of what is rejected": front(lambda configs: [[*configs[0][:-4], -1.0, *configs[0][-3:]], *configs[1:]], 0),
    "the largest lift of nothing": says(widest=[9, 100, 1000, 9, 0.5, 10, 5, 0]),
    "best a text": says(top="best"),
}

FOUND_OUT_SHARDS: dict[str, Lie] = {
    "a better best": config(_better, also_objective=True),
    "a front's config that is better": front(lambda configs: [*configs[:-1], _better(configs[-1])], 0),
    "a fold's config that is better": front(lambda configs: [*configs[:-1], _better(configs[-1])], 3),
    "more evidence": front(
        lambda configs: [[*configs[0][:-3], configs[0][-3], configs[0][-3], configs[0][-1]], *configs[1:]], 0
    ),
}

HIDDEN: dict[str, Lie] = {"the winner hidden": _hide}

JOURNALS: dict[str, bytes] = {
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "values null": b'{"gpu0.jsonl": null}',
    "no JSON": b"Traceback",
    "nested too deep": b"[" * 200_000,
}

JOURNAL_LINES: dict[str, Lie] = {
    "a ticket that is none": top(trial_number=9999),
    "a ticket's number as text": top(trial_number="3"),
    "other params": inside("request", params=_PARAMS),
    "a lone surrogate": top(node="\ud800"),
    "of another node": top(node="rig-honest"),
    "of another worker": top(worker_sha256="0" * 64),
    "another kind": top(type="hello"),
}

LIVE: dict[str, Lie] = {
    f"{kind}: {name}": lie
    for kind, lies in (
        ("trial", REFUSED_TRIALS | FOUND_OUT_TRIALS),
        ("shard", REFUSED_SHARDS | FOUND_OUT_SHARDS | HIDDEN),
    )
    for name, lie in lies.items()
}
