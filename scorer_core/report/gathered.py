"""What a run's folder holds for its report: what cannot be read there is named, and costs nothing else."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from scorer_core.run.folder import UNREADABLE, RunFile
from scorer_core.run.trials import Trial
from scorer_core.scoring.trial import Evaluation

log = logging.getLogger(__name__)
Parsed = TypeVar("Parsed")

UNFIT = (*UNREADABLE, OSError, ArithmeticError)
"""What a parser of this program raises on a document that it did not write."""
_MAX_TOLD = 200


@dataclass
class Gathered:
    """Reads files of one run; `unreadable` says of each by its name what is wrong with it."""

    unreadable: dict[str, str] = field(default_factory=dict)

    def read(self, file: RunFile, parse: Callable[[Any], Parsed]) -> Parsed | None:
        """Return what a JSON file says; None where it is not there, or is none that JSON can hold again."""
        try:
            document = file.read_json()
            json.dumps(document, allow_nan=False)
            return parse(document)
        except FileNotFoundError:
            return None
        except UNFIT as error:
            self._note(file, error)
            return None

    def trials(self, file: RunFile) -> list[Trial]:
        """Return the trials of trials.jsonl whose lines can be read, and shown."""
        try:
            lines = file.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            self._note(file, error)
            return []
        found, refused = [], []
        for place, line in enumerate(lines, start=1):
            try:
                trial = Trial.from_json(json.loads(line))
                refuse_odd(trial)
                found.append(trial)
            except UNFIT as error:
                refused.append(f"line {place}: {told(error)}")
        if refused:
            self._note(file, ValueError(f"{len(refused)} of {len(lines)} lines, the first: {refused[0]}"))
        return found

    def _note(self, file: RunFile, error: BaseException) -> None:
        self.unreadable[file.name] = told(error)
        log.warning("%s: cannot be read: %s", file.where, told(error))


def told(error: BaseException) -> str:
    """Return an error in one short line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:_MAX_TOLD]


def object_of(document: Any) -> Mapping[str, Any]:
    """Return a JSON object; raises TypeError for anything else."""
    if not isinstance(document, dict):
        raise TypeError("it is no JSON object")
    return document


def refuse_odd(trial: Trial) -> None:
    """Refuse a trial whose values are not of the kinds that this program writes.

    Raises:
        TypeError, ValueError, OverflowError: it has such a value.
    """
    _need(type(trial.number) is int and type(trial.attempts) is int, "number and attempts are integers")
    _need(isinstance(trial.params, dict) and all(map(_is_plain, trial.params.values())), "params are numbers and texts")
    _need(trial.error is None or isinstance(trial.error, str), "error is a text")
    if trial.evaluation is not None:
        _need(isinstance(trial.node, str) and type(trial.gpu) is int, "node is a text, gpu an integer")
        _need(trial.sample_size is None or type(trial.sample_size) is int, "sample_size is an integer or null")
        _need(_is_number(trial.seconds) and trial.seconds >= 0, "seconds is a number from 0")
        for moment in (trial.started_at, trial.finished_at):
            datetime.fromisoformat(moment).timestamp()
        _refuse_odd_score(trial.evaluation)


def _refuse_odd_score(evaluation: Evaluation) -> None:
    score = evaluation.score
    _need(_is_number(score.objective) and _is_number(score.keep), "objective and keep are numbers")
    _need(type(score.subset_n) is int, "subset_n is an integer")
    _need(all(isinstance(one, bool) for one in evaluation.blind), "blind is a list of booleans")


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"{what}; this one has others")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, bool)) or _is_number(value)
