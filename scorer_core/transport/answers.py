"""What a command printed on a rig, read into what it was to say; or the error that says why it did not."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, ValidationError

from scorer_core.errors import RigLost, RigUnfit
from scorer_core.text import printable
from scorer_core.transport.port import MAX_OUTPUT_BYTES, RigTransport
from scorer_core.validation import problems

Text = Annotated[str, Field(max_length=500), AfterValidator(printable)]
_Count = Annotated[int, Field(ge=0, le=2**62)]


class Answer(BaseModel):
    """What our own program prints on a rig: these keys, of these types, and nothing else."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Present(Answer):
    """Which of the two files are there whole, and how many bytes are free."""

    present: Annotated[list[bool], Field(min_length=2, max_length=2)]
    free: _Count


class Probe(Answer):
    """What a node has: GPUs and who counted them, Python, numpy, cores.

    `gpus` is None where their driver gave no answer, `numpy` where it cannot be imported.
    """

    gpus: Annotated[int, Field(ge=0, le=1024)] | None
    gpu_source: Text
    gpu_problem: Text = ""
    python: Text
    python_fits: bool
    numpy: Text | None
    numpy_fits: bool
    cores: Annotated[int, Field(ge=1, le=2**16)]
    numpy_error: Text | None = None


class TableMade(Answer):
    """How large a pool's table is, and whether it was made now."""

    bytes: _Count
    made: bool


class TableProgress(Answer):
    """How far the making of a table is."""

    progress: Text


class Removed(RootModel[dict[Text, list[Text]]]):
    """What was removed below each folder."""

    model_config = ConfigDict(strict=True, frozen=True)


Kind = TypeVar("Kind", bound=BaseModel)


def answer(transport: RigTransport, command: str, what: str, kind: type[Kind], *, timeout_s: float = 60.0) -> Kind:
    """Run a command and return what it answers, of its kind.

    Raises:
        RigUnfit: it failed, or printed something else; `what` names it in the message.
        RigError: another kind of it, when the link is the trouble.
    """
    return read(transport.node.name, json_answer(transport, command, what, timeout_s=timeout_s), what, kind)


def read(node: str, said: Any, what: str, kind: type[Kind]) -> Kind:
    """Return what a node said, of its kind.

    Raises:
        RigUnfit: it is something else.
    """
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise RigUnfit(node, f"{what} answered something else: {problems(error, show_values=False)[:500]}") from None


def removed_of(node: str, printed: bytes) -> dict[str, list[str]]:
    """Return what a cleaning command printed that it removed, by folder.

    Raises:
        RigUnfit: it printed something else.
    """
    return read(node, parsed(node, printed, "cleaning"), "cleaning", Removed).root


def json_answer(
    transport: RigTransport,
    command: str,
    what: str,
    *,
    stdin: bytes = b"",
    timeout_s: float = 60.0,
    limit_bytes: int = MAX_OUTPUT_BYTES,
) -> Any:
    """Run a command and return the JSON that it printed.

    Raises:
        RigUnfit: it failed, or printed something else; `what` names it in the message.
        RigError: another kind of it, when the link is the trouble.
    """
    done = transport.run(command, stdin=stdin, timeout_s=timeout_s, limit_bytes=limit_bytes)
    if done.exit_code:
        raise RigUnfit(transport.node.name, f"{what} failed with exit code {done.exit_code}: {tail(done.stderr)}")
    return parsed(transport.node.name, done.stdout, what)


def parsed(node: str, printed: bytes, what: str) -> Any:
    """Return the JSON that a node printed.

    Raises:
        RigUnfit: it is none; `what` names it in the message.
    """
    try:
        return json.loads(printed)
    except (ValueError, RecursionError):
        raise RigUnfit(node, f"{what} printed no JSON but: {tail(printed)}") from None


def last_words(node: str, lost: RigLost) -> RigLost | RigUnfit:
    """Return the error that the worker itself reported on its way out, if it did."""
    said = str(lost).rpartition("\n")[2]
    start = said.find('{"error"')
    try:
        return RigUnfit(node, str(json.loads(said[start:])["message"])) if start >= 0 else lost
    except (ValueError, KeyError, TypeError, RecursionError):
        return lost


def tail(output: bytes) -> str:
    """Return the end of what a command printed, as text for a message."""
    return output.decode("utf-8", "replace").strip()[-500:]
