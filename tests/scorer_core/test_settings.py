"""Settings: read from the environment, refused without repeating what may be secret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scorer_core.context import open_ledger
from scorer_core.errors import SettingsError
from scorer_core.settings import PREFIX, Settings, load_settings
from tests.support.memory_store import memory_store

__all__ = ["memory_store"]

SECRET = "hunter2"


def test_everything_is_below_home_unless_it_is_set() -> None:
    settings = load_settings({"SCORER_HOME": "/srv/scorer", "SCORER_RUNS_DIR": "/big/runs", "PATH": "/bin"})

    expected = {
        "home": "/srv/scorer",
        "data_dir": "/srv/scorer/data",
        "runs_dir": "/big/runs",
        "publish_dir": "/srv/scorer/published",
        "cluster_file": "/srv/scorer/cluster.yaml",
        "database_url": "sqlite:////srv/scorer/scorer.db",
    }
    assert {name: str(getattr(settings, name)) for name in expected} == expected
    assert (settings.schedule, settings.transport) == ("0 3 * * 0", "ssh")
    assert (settings.keep_runs, settings.keep_days) == (20, 30.0)


def test_the_default_home_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings({}).home == Path.home() / "scorer"


@pytest.mark.parametrize("name", ["home", "data_dir", "runs_dir", "publish_dir", "cluster_file"])
def test_a_path_means_the_same_in_every_process(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    variable = PREFIX + name.upper()

    assert str(getattr(load_settings({variable: "below/x"}), name)) == str(tmp_path / "below" / "x")
    assert str(getattr(load_settings({variable: "~/x"}), name)) == "/home/someone/x"


@pytest.mark.parametrize("name", ["what?", "%41", "a#b", "a b", "ü", "a?mode=memory"])
def test_the_ledger_is_below_a_home_of_any_name(name: str, tmp_path: Path) -> None:
    settings = load_settings({"SCORER_HOME": str(tmp_path / name)})

    with open_ledger(settings).engine.connect():
        assert (tmp_path / name / "scorer.db").is_file()
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("value", "message"), [("", "must not be empty"), ("~no-such-user/x", "the name of nobody on this machine")]
)
@pytest.mark.parametrize("name", ["HOME", "RUNS_DIR"])
def test_a_path_that_is_none_is_refused_by_name(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=f"environment: SCORER_{name} .*{message}"):
        load_settings({f"SCORER_{name}": value})


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("SCORER_HOEM", "did you mean 'SCORER_HOME'?"),
        ("SCORER_DATABASE", "did you mean 'SCORER_DATABASE_URL'?"),
        ("SCORER_", "did you mean 'SCORER_POOL'?"),
        ("SCORER_QQQQQQQQQQQQQQQQQQQQ", "known are: SCORER_ALPHA, SCORER_CLUSTER_FILE,"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(variable: str, hint: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings({variable: SECRET})

    assert str(refusal.value).startswith(f"environment: unknown key {variable!r}; {hint}")
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("name", ["keep_runs", "keep_days", "lease_grace_s"])
@pytest.mark.parametrize("value", [SECRET, "-17", "0", "nan", "inf", "1e999", "1e", ""])
def test_a_value_without_sense_is_refused_by_name_and_never_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings({PREFIX + name.upper(): value})

    said = str(refusal.value)
    assert said.startswith(f"environment: SCORER_{name.upper()}: ")
    assert SECRET not in said
    assert "-17" not in said
    assert refusal.value.__cause__ is None, "the cause would show the value"


def test_variables_of_a_rig_and_of_others_are_not_settings() -> None:
    assert load_settings({"SCORER_RIG_GPUS": "amd:8", "AIRFLOW_HOME": "/x"}) == load_settings({})


def test_without_an_argument_the_process_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SCORER_KEEP_RUNS", "7")

    assert load_settings().keep_runs == 7


CHANGES: dict[str, Any] = {
    "home": "/a home/with $HOME",
    "data_dir": "/data",
    "database_url": f"postgresql+psycopg://scorer:{SECRET}@db/scorer",
    "schedule": "none",
    "transport": "local",
    "queue": "scorer",
    "pool": "scorer_pool",
    "lane_queue": "lanes",
    "lane_pool": "lanes_pool",
    "keep_runs": "3",
    "keep_days": "0.5",
    "alpha": "0.05",
    "strata": "none",
    "min_growth": "0.1",
}


@pytest.mark.parametrize(
    ("name", "value"), [("ALPHA", "0"), ("ALPHA", "0.051"), ("STRATA", "pool"), ("MIN_GROWTH", "-0.1")]
)
def test_what_the_gate_is_held_to_has_limits(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"SCORER_{name}"):
        load_settings({PREFIX + name: value})


@pytest.mark.parametrize("values", [{}, CHANGES])
def test_a_child_process_gets_the_same_settings(values: dict[str, str]) -> None:
    settings = load_settings({PREFIX + name.upper(): value for name, value in values.items()})

    environment = settings.environment()

    assert load_settings(environment) == settings
    given = [name for name in Settings.model_fields if getattr(settings, name) is not None]
    assert set(environment) == {PREFIX + name.upper() for name in given}
    assert all(isinstance(value, str) for value in environment.values())


def test_the_database_url_is_not_shown() -> None:
    settings = load_settings({"SCORER_DATABASE_URL": f"postgresql+psycopg://scorer:{SECRET}@db/scorer"})

    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings({}).keep_runs = 1  # type: ignore[misc]


def test_every_setting_is_explained() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_run_folders_may_be_where_an_installed_store_puts_them(memory_store: str) -> None:
    settings = load_settings({"SCORER_RUNS_DIR": f"{memory_store}://lab/runs"})

    assert settings.runs_dir == f"{memory_store}://lab/runs"
    assert load_settings(settings.environment()) == settings


@pytest.mark.parametrize("name", ["HOME", "DATA_DIR", "PUBLISH_DIR"])
def test_nothing_else_than_the_run_folders_has_a_store(memory_store: str, name: str) -> None:
    with pytest.raises(SettingsError, match=f"SCORER_{name} is a URL; only SCORER_RUNS_DIR"):
        load_settings({f"SCORER_{name}": f"{memory_store}://lab/x"})


def test_a_scheme_that_no_store_is_installed_for_is_refused_with_the_known_ones(memory_store: str) -> None:
    with pytest.raises(SettingsError, match=r"SCORER_RUNS_DIR: no store for s3:// is installed; known .*are: memory"):
        load_settings({"SCORER_RUNS_DIR": "s3://lab/runs"})
