"""The form of the DAG: what is out of range is refused by the server, and replaced by nobody."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from scorer_airflow.params import dag_params

PARAMS = dag_params()
NUMBERS = [name for name, param in PARAMS.items() if "allOf" in param.schema]


def test_no_field_has_a_limit_that_the_form_would_clamp_to() -> None:
    """Airflow's form reads these keys at the top of a field's schema, and makes of a typed 10 a 50."""
    clamped = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")

    assert [name for name, param in PARAMS.items() if set(clamped) & set(param.schema)] == []
    assert {"n_trials", "sample_size", "min_gpus", "min_completion", "min_lift", "seed"} <= set(NUMBERS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("sample_size", 10), ("n_trials", 0), ("min_gpus", 0), ("min_completion", 1.5), ("min_lift", 0.5), ("seed", -1)],
)
def test_a_value_out_of_range_is_refused_all_the_same(name: str, value: Any) -> None:
    with pytest.raises((AirflowException, ValueError), match="minimum|maximum"):
        PARAMS[name].resolve(value)


@pytest.mark.parametrize(("name", "value"), [("sample_size", 450), ("sample_size", None), ("min_lift", 1.2)])
def test_a_value_in_range_is_taken(name: str, value: Any) -> None:
    assert PARAMS[name].resolve(value) == value


def test_every_field_has_its_help() -> None:
    assert [name for name, param in PARAMS.items() if not param.description] == []
