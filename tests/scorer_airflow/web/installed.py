"""What the page's tests stand on: Airflow's login in this process, and an installation with runs of each kind."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from scorer_core.publish.publisher import Publisher
from scorer_core.run.files import json_bytes
from scorer_core.run.slot import Slot
from scorer_core.run.trials import FailureKind
from scorer_core.settings import Settings
from scorer_core.steps.collect import collect
from scorer_core.steps.publish import publish
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report
from tests.support.prepared import make_settings, prepared
from tests.support.release import CONF, strong_pool
from tests.support.runs import PLANTED_CONFIG, run_trials

DAG = "scorer_meta_optimizer"
PUBLISHED, RETIRED, GOING, CUT_SHORT = "manual__2026-11-20T08:00:00+00:00", "retired", "going & <b>on", "cut-short"
HOSTILE = "<script>alert(1)</script> \x1b[31mno memory in /home/rig/worker.pyz, scorer@10.0.0.7:22"
_CONF = {**CONF, "search": "random", "seed": 1}


@dataclass(frozen=True)
class AirflowLogins:
    """Makes the cookies of logins, as Airflow's login page does."""

    manager: Any

    @classmethod
    def on_new_database(cls) -> AirflowLogins:
        """Make Airflow's tables where its configuration says, and its auth manager."""
        from airflow import models, settings
        from airflow.api_fastapi.app import create_auth_manager
        from airflow.models.base import Base

        settings.configure_vars()  # type: ignore[no-untyped-call]
        settings.configure_orm()  # type: ignore[no-untyped-call]
        models.import_all_models()  # type: ignore[no-untyped-call]
        Base.metadata.create_all(settings.get_engine())  # type: ignore[no-untyped-call]
        manager = create_auth_manager()
        manager.init()
        return cls(manager)

    def cookie(self, name: str, role: str | None) -> dict[str, str]:
        """Return the cookie of a user with a role, or with none."""
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        return {"_token": self.manager.generate_jwt(SimpleAuthManagerUser(username=name, role=role))}


def airflow_app() -> FastAPI:
    """Return Airflow's app with its login and middlewares, and ours where the plugin mounts it."""
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.api_fastapi.core_api.app import init_middlewares

    from scorer_airflow.registered import fastapi_apps

    (ours,) = fastapi_apps(["airflow", "api-server"])
    outer = FastAPI()
    init_auth_manager(outer)
    outer.mount(ours["url_prefix"], ours["app"])
    init_middlewares(outer)
    return outer


def installed(home: Path) -> Settings:
    """Write an installation below a folder: runs published, retired, going on, cut short; a second published config."""
    settings = make_settings(home)
    for run_id in (PUBLISHED, RETIRED):
        done = prepared(settings, strong_pool(), run_id, **_CONF)
        run_trials(done, first=PLANTED_CONFIG, fails=lambda number: number == 5)
        collect(done, None)
        quality_gate(done)
        if run_id == PUBLISHED:
            publish(done)
        report(done)
    shutil.rmtree(done.files.location)
    cut = prepared(settings, strong_pool(), CUT_SHORT, **_CONF)
    run_trials(cut, first=PLANTED_CONFIG, trials=3)
    cut.ledger.end_run(CUT_SHORT)
    going = prepared(settings, strong_pool(), GOING, **_CONF)
    run_trials(going, lanes=[("head", 0), ("rig-a", 0), ("rig-a", 1)], trials=6)
    going.ledger.claim(GOING, Slot("head", 0), timedelta(hours=1))
    ticket = going.ledger.claim(GOING, Slot("rig-a", 0), timedelta(hours=1))
    assert ticket is not None
    slot, kind = Slot("rig-a", 0), FailureKind.FAILED
    going.ledger.fail_attempt(GOING, ticket.number, slot, kind, HOSTILE, attempt=ticket.attempts)
    _publish_another(Publisher(settings.publish_dir))
    return settings


def _publish_another(publisher: Publisher) -> None:
    config = publisher.published() or {}
    publisher.publish(json_bytes({**config, "dropout": 0.25}))
