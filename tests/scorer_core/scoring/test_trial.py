"""Trial requests: what is refused and how it is said; evaluation on samples of a pool."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.errors import InputError, RequestError
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.requests import MAX_TRIAL_NUMBER
from scorer_core.scoring.space import completed
from scorer_core.scoring.trial import Evaluation, TrialRequest, evaluate

PARAMS: dict[str, Any] = completed(
    {"residue_mod_1": 9, "residue_mod_2": 122, "residue_mod_3": 1367, "max_offset": 13}, MaskPolicy.MAX_OFFSET
)
GOOD: dict[str, Any] = {"trial_number": 32, "params": PARAMS, "sample_size": 5000, "mask_policy": "max_offset"}

requests = st.builds(
    lambda number, mods, reach, size: TrialRequest(
        number, {**dict(zip(PARAMS, mods, strict=False)), **reach}, size, MaskPolicy(next(iter(reach)))
    ),
    st.integers(0, MAX_TRIAL_NUMBER),
    st.tuples(st.integers(5, 20), st.integers(50, 150), st.integers(500, 1500)),
    st.one_of(
        st.fixed_dictionaries({"max_offset": st.integers(1, 15)}),
        st.fixed_dictionaries({"keep_fraction": st.integers(10, 90).map(lambda hundredths: hundredths / 100)}),
    ),
    st.none() | st.integers(1, 10**9),
)


@given(request=requests)
def test_a_request_survives_the_trip_through_json(request: TrialRequest) -> None:
    assert TrialRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trial_number": -1}, "trial_number is -1; it must be an integer from 0 to 2147483647"),
        ({"trial_number": 2**31}, "trial_number is 2147483648; it must be an integer"),
        ({"trial_number": 1.0}, "trial_number is 1.0; it must be an integer"),
        ({"trial_number": "1"}, "trial_number is '1'; it must be an integer"),
        ({"trial_number": True}, "trial_number is True; it must be an integer"),
        ({"trial_number": None}, "trial_number is None; it must be an integer"),
        ({"sample_size": 0}, "sample_size is 0; it must be null or a positive integer"),
        ({"sample_size": -5}, "sample_size is -5; it must be null or a positive integer"),
        ({"sample_size": 450.0}, "sample_size is 450.0; it must be null or a positive integer"),
        ({"sample_size": "all"}, "sample_size is 'all'; it must be null or a positive integer"),
        ({"sample_size": True}, "sample_size is True; it must be null or a positive integer"),
        ({"params": None}, "params must be a JSON object"),
        ({"params": [9, 122]}, "params must be a JSON object"),
        ({"params": {**PARAMS, "max_offset": 16}}, "parameter max_offset is 16; it must be an integer from 1 to 15"),
        ({"params": {**PARAMS, "residue_mod_1": True}}, "parameter residue_mod_1 is True; it must be an integer"),
        ({"params": {**PARAMS, "residue_mod_2": 50.0}}, "parameter residue_mod_2 is 50.0; it must be an integer"),
        ({"params": {**PARAMS, "residue_mod_3": "700"}}, "parameter residue_mod_3 is '700'; it must be an integer"),
        ({"params": {}}, "parameter residue_mod_1 is missing"),
        ({"mask_policy": "keep_fraction"}, "parameter keep_fraction is missing"),
        ({"mask_policy": "median"}, "mask_policy 'median' is not known; use one of max_offset, keep_fraction"),
        ({"mask_policy": None}, "mask_policy None is not known"),
        ({"mask_policy": ["max_offset"]}, r"mask_policy \['max_offset'\] is not known"),
        ({"sampel_size": 450}, r"exactly the keys .*'sample_size'.*; wrong: \['sampel_size'\]"),
    ],
)
def test_a_bad_value_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        TrialRequest.from_json({**GOOD, **change})


@pytest.mark.parametrize("key", list(GOOD))
def test_a_missing_key_is_refused_by_name(key: str) -> None:
    record = {name: value for name, value in GOOD.items() if name != key}

    with pytest.raises(RequestError, match=rf"wrong: \['{key}'\]"):
        TrialRequest.from_json(record)


@pytest.mark.parametrize("record", [None, [], [GOOD], "trial", 7, True])
def test_what_is_not_an_object_is_refused(record: object) -> None:
    with pytest.raises(RequestError, match="a trial request must be a JSON object"):
        TrialRequest.from_json(record)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*GOOD, *PARAMS]), inner, max_size=2),
    max_leaves=3,
)


@given(key=st.sampled_from([*GOOD, *PARAMS]), value=json_values)
def test_any_json_value_anywhere_is_a_request_or_a_refusal(key: str, value: object) -> None:
    record = {**GOOD, key: value} if key in GOOD else {**GOOD, "params": {**PARAMS, key: value}}
    outcome: TrialRequest | InputError
    try:
        outcome = TrialRequest.from_json(record)
    except InputError as refusal:
        outcome = refusal

    if isinstance(outcome, TrialRequest):
        assert outcome.to_json() == record
    else:
        assert key in str(outcome) or key in ("params", "mask_policy")


def request_for(sample_size: int | None, trial_number: int = 7) -> TrialRequest:
    return TrialRequest(trial_number, PARAMS, sample_size, MaskPolicy.MAX_OFFSET)


@pytest.mark.parametrize("beyond", [0, 1, 10**9])
def test_a_sample_as_large_as_the_pool_or_larger_scores_every_row(golden_pool: Pool, beyond: int) -> None:
    every_row = evaluate(golden_pool, request_for(None))

    assert evaluate(golden_pool, request_for(len(golden_pool) + beyond)) == every_row
    assert every_row.score.keep == every_row.score.subset_n / 6739


def test_a_smaller_sample_scores_that_many_rows_and_depends_on_the_trial_number(golden_pool: Pool) -> None:
    first, again, other = (evaluate(golden_pool, request_for(5000, number)) for number in (7, 7, 8))

    assert first == again != other
    assert first.score.keep == first.score.subset_n / 5000


def test_all_rows_in_any_order_give_the_same_evaluation(golden_pool: Pool) -> None:
    shuffled = golden_pool.rows(np.random.default_rng(3).permutation(len(golden_pool)))

    assert evaluate(shuffled, request_for(None)) == evaluate(golden_pool, request_for(None))


@pytest.mark.parametrize(("max_offset", "reason"), [(13, "ok"), (1, "too_small")])
def test_an_evaluation_is_one_json_object(golden_pool: Pool, max_offset: int, reason: str) -> None:
    request = TrialRequest(1, {**PARAMS, "max_offset": max_offset}, None, MaskPolicy.MAX_OFFSET)

    answer = json.loads(json.dumps(evaluate(golden_pool, request).to_json(), allow_nan=False))

    terms = {"enrich", "p_global", "p_sub", "coverage", "size_penalty"}
    assert set(answer) == {"objective", "subset_n", "keep", "reason", "counts", "pass_rates", "blind"} | terms
    assert answer["reason"] == reason
    assert [answer[term] is None for term in terms] == [reason != "ok"] * 5
    assert len(answer["pass_rates"]) == len(answer["blind"]) == 3


@pytest.mark.parametrize("max_offset", [13, 1])
def test_an_evaluation_comes_back_from_json_and_takes_its_own_keys_alone(golden_pool: Pool, max_offset: int) -> None:
    request = TrialRequest(1, {**PARAMS, "max_offset": max_offset}, None, MaskPolicy.MAX_OFFSET)
    evaluation = evaluate(golden_pool, request)
    record = json.loads(json.dumps(evaluation.to_json()))

    assert Evaluation.from_json(record) == evaluation
    assert Evaluation.from_json({**record, "params": {}, "number": 9, "state": "done"}) == evaluation


@pytest.mark.parametrize(
    "change",
    [{"reason": "because"}, {"reason": None}, {"objective": "0.5"}, {"keep": None}, {"blind": 1}, {"pass_rates": None}],
)
def test_what_is_no_evaluation_is_refused(golden_pool: Pool, change: dict[str, object]) -> None:
    record = evaluate(golden_pool, request_for(None)).to_json()

    with pytest.raises(ValueError, match="its "):
        Evaluation.from_json({**record, **change})
    with pytest.raises(ValueError, match="its keys are"):
        Evaluation.from_json({name: value for name, value in record.items() if name not in change})
