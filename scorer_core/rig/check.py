"""The smoke test's side on a rig: answers trials and shards, one line each, without GPU, lock or journal."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from scorer_core.rig.protocol import decode, decode_request
from scorer_core.scoring.scorer import PoolScorer


def check(scorer: PoolScorer, requests: BinaryIO, replies: BinaryIO) -> None:
    """Say how many rows the pool has, then answer each request with its bare evaluation, until `requests` ends.

    Raises:
        RequestError: a line is no request.
    """
    _say(replies, {"rows": scorer.rows})
    for line in requests:
        _say(replies, scorer.answer(decode_request(*decode(line))).to_json())


def _say(replies: BinaryIO, answer: dict[str, Any]) -> None:
    replies.write(json.dumps(answer).encode() + b"\n")
    replies.flush()
