"""What a rig claims of a trial, a shard or a batch, checked against what it was asked before anything else sees it.

Keys, types and ranges are checked here, and every echo is compared with the lease. Whether the numbers are true is not:
that takes the pool, and the head recomputes them (`search/recheck.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from scorer_core.errors import RequestError
from scorer_core.rig.protocol import AnyRequest, Hello, TrialResult, hello_from_json, named, result_from_json
from scorer_core.scoring.objective import REJECTED, Reason
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.requests import MAX_TRIAL_NUMBER
from scorer_core.scoring.space import MODULI
from scorer_core.scoring.sweep.batches import BATCH, PermutationRequest
from scorer_core.scoring.sweep.grid import Grid
from scorer_core.scoring.sweep.outcome import TOP, Ranked, ShardOutcome
from scorer_core.scoring.sweep.scopes import SCOPES
from scorer_core.scoring.sweep.shards import ShardRequest
from scorer_core.transport.answers import Answer
from scorer_core.validation import problems

MAX_ROWS = 2**40
MAX_GPUS = 1024
MAX_SECONDS = 1e7
LONGEST_FRONT = 1000
"""Configs of a front that a shard may answer with; real ones have some tens."""


@dataclass(frozen=True)
class Lease:
    """What an answer must be to: the request, who was asked, with which code and pool."""

    request: AnyRequest
    node: str
    gpu: int | None
    worker_sha256: str
    pool_sha256: str


def checked_hello(body: Mapping[str, Any]) -> Hello:
    """Return a worker's first message.

    Raises:
        RequestError: a field is missing, unknown, of another type or out of range.
    """
    hello = hello_from_json(dict(body))
    _validate(_Hello, dict(body), "hello")
    return hello


def checked_claim(body: Mapping[str, Any], lease: Lease) -> TrialResult:
    """Return the answer to a lease; where the lease names no GPU, any of the node's may have given it.

    Raises:
        RequestError: it is not an answer to this, or a field is missing, unknown, of another type or out of range.
    """
    result = result_from_json(dict(body))
    _validate(_Result, dict(body), "answer")
    number = lease.request.trial_number
    if (result.trial_number, result.request) != (number, lease.request.to_json()):
        raise RequestError(f"the answer is not for {named(lease.request)}.")
    if result.node != lease.node or lease.gpu not in (None, result.gpu):
        raise RequestError(f"the answer says that it is of another GPU than {lease.node} {_of_gpu(lease.gpu)}.")
    if (result.worker_sha256, result.pool_sha256) != (lease.worker_sha256, lease.pool_sha256):
        raise RequestError("the answer is of other code or another pool than this run deployed.")
    if isinstance(lease.request, ShardRequest):
        checked_shard(result.evaluation, lease.request.grid)
    elif isinstance(lease.request, PermutationRequest):
        _validate(_Permuted, result.evaluation, "batch")
        if len(result.evaluation["best"]) != lease.request.count:
            raise RequestError(f"the batch has {lease.request.count} permutations; the answer is of another number.")
    else:
        _validate(_Evaluation, result.evaluation, "evaluation")
    return result


def _of_gpu(gpu: int | None) -> str:
    return "itself" if gpu is None else f"gpu {gpu}"


def checked_shard(evaluation: Any, grid: Grid) -> ShardOutcome:
    """Return what a shard answers: its configs are of its own part of the space, and are in their order.

    Raises:
        RequestError: it is something else.
    """
    _validate(_Shard, evaluation, "shard")
    if evaluation["configs"] != grid.size or sum(evaluation["counts"].values()) != grid.size:
        raise RequestError(f"the shard has {grid.size} configs; the answer accounts for another number.")
    lists = [evaluation["top"], *evaluation["fronts"], [evaluation["widest"]] if evaluation["widest"] else []]
    for config in (config for configs in lists for config in configs):
        _check_config(config, grid)
    outcome = ShardOutcome.from_json(evaluation)
    if outcome.widest is not None and not outcome.widest.shares:
        raise RequestError("the config of the largest lift keeps no row that may be minority.")
    if evaluation["objective"] != outcome.best.objective or not _ascending([one.order for one in outcome.top]):
        raise RequestError("the shard's best configs are not in their order.")
    for front in outcome.fronts:
        if not _ascending([one.objective for one in front]) or not _ascending([-one.evidence for one in front]):
            raise RequestError("a front is not by falling evidence and rising objective.")
    if any(one.objective <= REJECTED for front in outcome.fronts for one in front):
        raise RequestError("a front holds a config that the objective rejects.")
    return outcome


def _check_config(config: Sequence[Any], grid: Grid) -> None:
    """Check a config's list, as `Ranked.to_json` writes it."""
    axes = grid.axes
    if len(config) != len(axes) + 4:
        raise RequestError("a config has the wrong number of values.")
    for value, axis in zip(config, axes, strict=False):
        if not _is_of(value, axis):
            raise RequestError(f"a config is outside the shard: {str(value)[:40]!r}.")
    _validate(_Counted, dict(zip(_Counted.model_fields, config[len(axes) :], strict=True)), "config")
    kept, minority_kept = config[-3], config[-2]
    if minority_kept > kept:
        raise RequestError("a config keeps more minority rows than rows.")
    if minority_kept and Ranked.from_json(config).expected <= 0.0:
        raise RequestError("a config keeps minority rows of Step 1 trials that have none.")


def _is_of(value: Any, axis: Sequence[ParamValue]) -> bool:
    return type(value) is type(axis[0]) and value in axis


def _ascending(values: Sequence[Any]) -> bool:
    return all(one < next_one for one, next_one in zip(values, values[1:], strict=False))


def _validate(model: type[BaseModel], record: Any, what: str) -> None:
    try:
        model.model_validate(record)
    except ValidationError as error:
        raise RequestError(f"the {what} is malformed: {problems(error, show_values=False)[:400]}.") from None


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("should have a time zone")
    return text


_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Text = Annotated[str, Field(max_length=200)]
_Moment = Annotated[str, Field(max_length=40), AfterValidator(_moment)]
_Number = Annotated[int, Field(ge=0, le=MAX_TRIAL_NUMBER)]
_Gpu = Annotated[int, Field(ge=0, lt=MAX_GPUS)]
_Rows = Annotated[int, Field(ge=0, le=MAX_ROWS)]
_Share = Annotated[float, Field(ge=0.0, le=1.0)]
_Objective = Annotated[float, Field(ge=-1.0, le=1.0)]
_Reason = Annotated[str, Field(pattern="^(" + "|".join(reason.value for reason in Reason) + ")$")]
_Term = Annotated[float, Field(ge=-100.0, le=100.0)]
_Evidence = Annotated[float, Field(ge=0.0, le=1e15)]


class _Hello(Answer):
    worker_sha256: _Sha256
    pool_sha256: _Sha256
    gpu: _Gpu
    rows: _Rows
    pid: Annotated[int, Field(ge=0, le=2**31)]
    host: _Text
    python: _Text
    numpy: _Text


class _Result(Answer):
    trial_number: _Number
    request: dict[str, Any]
    evaluation: dict[str, Any]
    node: _Text
    gpu: _Gpu
    worker_sha256: _Sha256
    pool_sha256: _Sha256
    started_at: _Moment
    finished_at: _Moment
    seconds: Annotated[float, Field(ge=0.0, le=MAX_SECONDS)]


class _Counts(Answer):
    rows: _Rows
    minority: _Rows
    kept: _Rows
    minority_kept: _Rows


class _Evaluation(Answer):
    objective: _Objective
    subset_n: _Rows
    keep: _Share
    reason: _Reason
    enrich: _Term | None
    p_global: _Term | None
    p_sub: _Term | None
    coverage: _Share | None
    size_penalty: _Term | None
    counts: _Counts
    pass_rates: Annotated[list[_Share], Field(min_length=len(MODULI), max_length=len(MODULI))]
    blind: Annotated[list[bool], Field(min_length=len(MODULI), max_length=len(MODULI))]


class _Permuted(Answer):
    best: Annotated[list[_Evidence], Field(min_length=1, max_length=BATCH)]


class _Counted(Answer):
    objective: _Objective
    kept: _Rows
    minority_kept: _Rows
    shares: Annotated[int, Field(ge=0, le=2**62)]


class _Shard(Answer):
    objective: _Objective
    configs: _Rows
    counts: dict[_Reason, _Rows]
    top: Annotated[list[list[Any]], Field(min_length=1, max_length=TOP)]
    fronts: Annotated[
        list[Annotated[list[list[Any]], Field(max_length=LONGEST_FRONT)]], Field(min_length=SCOPES, max_length=SCOPES)
    ]
    widest: list[Any] | None
