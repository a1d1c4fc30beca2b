"""The worker's protocol: what is written is read back, and anything else is refused in one way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.errors import RequestError
from scorer_core.rig.protocol import (
    MAX_LINE_BYTES,
    SCHEMA_VERSION,
    Hello,
    TrialResult,
    decode,
    encode,
    hello_from_json,
    result_from_json,
    to_body,
)

numbers = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text().filter(lambda key: key not in ("type", "schema")), json_values, max_size=4)
hellos = st.builds(Hello)
results = st.builds(TrialResult, request=objects, evaluation=objects, seconds=st.floats(0, 1e6))


@given(kind=st.text(), body=objects)
def test_any_body_comes_through_on_one_line(kind: str, body: dict[str, Any]) -> None:
    line = encode(kind, body)

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert decode(line) == (kind, body)


@given(hello=hellos)
def test_a_hello_comes_through(hello: Hello) -> None:
    assert hello_from_json(decode(encode("hello", to_body(hello)))[1]) == hello


@given(result=results)
def test_a_result_comes_through(result: TrialResult) -> None:
    assert result_from_json(decode(encode("result", to_body(result)))[1]) == result


@given(line=st.binary(max_size=300))
def test_random_bytes_are_refused(line: bytes) -> None:
    with pytest.raises(RequestError):
        decode(line)


lines = st.builds(
    lambda line, where, junk: line[: where % len(line)] + junk + line[where % len(line) + len(junk) :],
    st.builds(encode, st.sampled_from(["trial", "result"]), objects),
    st.integers(0, 10_000),
    st.binary(max_size=3),
)


@given(line=lines)
def test_a_damaged_message_is_read_as_an_object_or_refused(line: bytes) -> None:
    outcome: object
    try:
        outcome = decode(line)
    except RequestError as error:
        outcome = error

    assert isinstance(outcome, (tuple, RequestError))
    if isinstance(outcome, tuple):
        json.dumps(outcome, allow_nan=False)


HEAD = '{"type": "trial", "schema": 1, "x": '


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_is_no_number_in_json_is_refused(value: str) -> None:
    with pytest.raises(RequestError, match="not JSON"):
        decode((HEAD + value + "}").encode())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_in_json_is_never_written(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode("result", {"objective": value})


@pytest.mark.parametrize("opening", ["[", '{"a":', "[["])
def test_deep_nesting_is_refused(opening: str) -> None:
    deep = opening * ((MAX_LINE_BYTES - len(HEAD)) // len(opening))

    with pytest.raises(RequestError, match="not JSON"):
        decode((HEAD + deep).encode())


def test_a_message_may_be_as_long_as_the_limit_and_no_longer() -> None:
    fill = MAX_LINE_BYTES - len(encode("trial", {"x": ""}))

    assert decode(encode("trial", {"x": "y" * fill}))[1] == {"x": "y" * fill}
    with pytest.raises(RequestError, match=f"more than {MAX_LINE_BYTES} bytes"):
        decode(encode("trial", {"x": "y" * (fill + 1)}))


def test_a_number_of_any_length_is_read_or_refused() -> None:
    outcome: object
    try:
        outcome = decode((HEAD + "9" * 60_000 + "}").encode())[0]
    except RequestError as error:  # Python limits the digits of an integer
        outcome = str(error)

    assert outcome in ("trial", "a message is not JSON.")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "not JSON"),
        (b"null", "JSON object with a type"),
        (b'"trial"', "JSON object with a type"),
        (b"{}", "JSON object with a type"),
        (b'{"type": 1, "schema": 1}', "JSON object with a type"),
        (b'{"type": "trial"}', f"schema None; this side speaks {SCHEMA_VERSION}"),
        (b'{"type": "trial", "schema": 2}', f"schema 2; this side speaks {SCHEMA_VERSION}"),
        (b'{"type": "trial", "schema": "1"}', "schema '1'; this side"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(line: bytes, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        decode(line)


@pytest.mark.slow
@given(result=results, name=st.sampled_from(sorted(TrialResult.__dataclass_fields__)))
def test_a_result_needs_exactly_its_fields(result: TrialResult, name: str) -> None:
    body = to_body(result)
    missing = {key: value for key, value in body.items() if key != name}

    for wrong, named in ((missing, name), ({**body, "extra": 1}, "extra")):
        with pytest.raises(RequestError, match=rf"wrong fields: \['{named}'\]"):
            result_from_json(wrong)


@pytest.mark.slow
@given(result=results, other=results)
def test_two_answers_are_the_same_whatever_their_place_and_time(result: TrialResult, other: TrialResult) -> None:
    moved = TrialResult(
        result.trial_number,
        result.request,
        result.evaluation,
        other.node,
        other.gpu,
        other.worker_sha256,
        other.pool_sha256,
        other.started_at,
        other.finished_at,
        other.seconds,
    )

    assert result.same_answer(moved)
    assert not result.same_answer(TrialResult(**{**to_body(result), "trial_number": result.trial_number + 1}))
    assert not result.same_answer(TrialResult(**{**to_body(result), "evaluation": {"objective": "other"}}))
