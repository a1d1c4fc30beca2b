"""How validation errors read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from scorer_core.validation import problems, unknown_key


class Part(BaseModel):
    """Something with a part and a secret."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=1)
    token: str = Field("", max_length=3, repr=False)

    @field_validator("count")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("use an odd number")
        return value


class Whole(BaseModel):
    """Something with parts."""

    parts: list[Part]


def error_of(*parts: Any) -> ValidationError:
    with pytest.raises(ValidationError) as refusal:
        Whole.model_validate({"parts": list(parts)})
    return refusal.value


@pytest.mark.parametrize(
    ("part", "clause"),
    [
        ({"count": 0}, "parts.0.count is 0; it should be greater than or equal to 1"),
        ({"count": "many"}, "parts.0.count is 'many'; it should be a valid integer, unable to parse string"),
        ({"count": 2}, "parts.0.count: use an odd number"),
        ({}, "parts.0.count is missing"),
        ({"count": 1, "token": "long"}, "parts.0.token is 'long'; it should have at most 3 characters"),
        ({"count": 1, "tokn": "x"}, "parts.0.tokn is an unknown key"),
        ({"count": {"a": "b"}}, "parts.0.count: a valid integer"),
        ({"count": "x" * 200}, "parts.0.count is '" + "x" * 79 + "…; it should be"),
    ],
)
def test_a_problem_is_one_clause_with_its_place(part: dict[str, Any], clause: str) -> None:
    assert problems(error_of(part)).startswith(clause)


def test_problems_are_joined_in_the_order_of_the_input() -> None:
    said = problems(error_of({}, {"count": 0}, {"count": 2}))

    assert said == (
        "parts.0.count is missing; parts.1.count is 0; it should be greater than or equal to 1; "
        "parts.2.count: use an odd number"
    )


def test_places_can_be_renamed() -> None:
    assert problems(error_of({}), rename=str.upper) == "PARTS.0.COUNT is missing"


def test_no_value_is_shown_where_none_may_be() -> None:
    error = error_of({"count": "hunter2", "token": "hunter2"})

    assert "hunter2" not in problems(error, show_values=False)
    assert problems(error).count("hunter2") == 2
    assert problems(error, model=Whole).count("hunter2") == 1


def test_in_place_of_a_part_with_a_secret_no_value_is_shown() -> None:
    assert problems(error_of("hunter2"), model=Whole).startswith("parts.0: a valid dictionary")


@pytest.mark.parametrize(("key", "hint"), [("tokn", "did you mean 'token'?"), ("zzz", "known are: count, token.")])
def test_an_unknown_key_gets_the_nearest_that_its_model_knows(key: str, hint: str) -> None:
    error = error_of({"count": 1, key: "x"})

    assert problems(error, model=Whole) == f"parts.0.{key} is an unknown key; {hint}"


def test_a_key_that_is_nearly_right_gets_a_hint() -> None:
    assert unknown_key("conf", "aplha", ["beta", "alpha"]) == "conf: unknown key 'aplha'; did you mean 'alpha'?"


def test_a_key_that_is_far_off_gets_the_list() -> None:
    assert unknown_key("conf", "zzz", ["beta", "alpha"]) == "conf: unknown key 'zzz'; known are: alpha, beta."
