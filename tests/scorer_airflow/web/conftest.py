"""The page's app below Airflow's own login, permissions and database; one installation with runs of each kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from scorer_core.settings import Settings
from tests.scorer_airflow.web.client import TestClient
from tests.scorer_airflow.web.installed import AirflowLogins, airflow_app, installed


@pytest.fixture(scope="session")
def logins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowLogins]:
    """Airflow's auth manager on an Airflow database of its own."""
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home / 'airflow.db'}")
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(home / "passwords.json"))
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "vera:viewer")
        patch.setenv("AIRFLOW__API__HOST", "127.0.0.1")
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of these tests alone " * 3)
        (home / "passwords.json").write_text(json.dumps({"vera": "unused"}))
        yield AirflowLogins.on_new_database()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation with a published run, one that goes, one whose folder was retired, and odd ones. Only read it."""
    return installed(tmp_path_factory.mktemp("installation"))


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch) -> SetTo:
    """Have the app read another installation's settings."""
    return SetTo(monkeypatch)


class SetTo:
    """Puts settings into the environment."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __call__(self, settings: Settings) -> None:
        for name, value in settings.environment().items():
            self._patch.setenv(name, value)


@pytest.fixture
def app(logins: AirflowLogins, installation: Settings, set_to: SetTo) -> FastAPI:
    """The app that the API server serves, as far as it is ours and its logins."""
    set_to(installation)
    return airflow_app()


@pytest.fixture
def viewer(app: FastAPI, logins: AirflowLogins) -> Iterator[TestClient]:
    """A browser in which somebody is logged in who may read."""
    with TestClient(app, raise_server_exceptions=False, cookies=logins.cookie("vera", "VIEWER")) as client:
        yield client


def below(home: Path) -> list[str]:
    """Return the names of all that is below a folder."""
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))
