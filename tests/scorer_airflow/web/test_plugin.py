"""What Airflow's plugin manager finds: on the API server the page, elsewhere nothing that needs FastAPI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scorer_airflow.registered import external_views, fastapi_apps

ROOT = Path(__file__).parents[3]
LOOK = """
import json, sys
sys.argv = json.loads(sys.argv[1])
before = set(sys.modules)
broken = json.loads({broken!r})
sys.modules.update(dict.fromkeys(broken))
from airflow import plugins_manager
known = "fastapi" in sys.modules
apps, _ = plugins_manager.get_fastapi_plugins()
print(json.dumps({{
    "prefixes": [one["url_prefix"] for one in apps],
    "fastapi": "fastapi" in sys.modules and not known,
    "statistics": "scipy.stats" in sys.modules,
    "views": [view for plugin in plugins_manager._get_plugins()[0] for view in plugin.external_views],
    "links": [link.name for link in plugins_manager.get_operator_extra_links()],
    "errors": list(plugins_manager.get_import_errors()),
}}))
"""


def found(tmp_path: Path, *arguments: str, broken: tuple[str, ...] = ()) -> dict[str, Any]:
    """Ask Airflow's plugin manager in a process that was started with these arguments."""
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")]),
    }
    script = LOOK.format(broken=json.dumps(broken))
    command = [sys.executable, "-c", script, json.dumps(["airflow", *arguments])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.slow
def test_the_api_server_has_the_page_and_its_tab(tmp_path: Path) -> None:
    answer = found(tmp_path, "api-server")

    assert answer["prefixes"] == ["/scorer"]
    assert [view["destination"] for view in answer["views"]] == ["nav", "dag_run"]
    assert answer["links"] == ["Scorer: this run"]
    assert answer["errors"] == []
    assert answer["statistics"], "whoever looks first waits for their import"


@pytest.mark.slow
@pytest.mark.parametrize("component", ["scheduler", "dag-processor", "triggerer", "celery"])
def test_no_other_component_imports_fastapi_for_it(tmp_path: Path, component: str) -> None:
    answer = found(tmp_path, component)

    assert (answer["prefixes"], answer["fastapi"], answer["errors"]) == ([], False, [])
    assert not answer["statistics"]
    assert len(answer["views"]) == 2


@pytest.mark.slow
def test_a_page_that_cannot_be_imported_leaves_no_route_open(tmp_path: Path) -> None:
    answer = found(tmp_path, "api-server", broken=("scorer_airflow.web.access",))

    assert (answer["prefixes"], answer["views"]) == ([], [])
    assert [Path(name).name for name in answer["errors"]] == ["scorer_plugin.py"]


def test_workers_of_the_api_server_have_it_too() -> None:
    assert fastapi_apps(["/usr/bin/gunicorn", "airflow.api_fastapi.main:app"])
    assert fastapi_apps(["airflow"]) == fastapi_apps(["airflow", "scheduler"]) == []


def test_the_addresses_in_the_ui_are_relative_to_its_base() -> None:
    for view in external_views():
        assert not view["href"].startswith(("/", "http"))
        assert not view["icon"].startswith(("/", "http"))
