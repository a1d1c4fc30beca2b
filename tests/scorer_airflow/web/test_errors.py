"""What is asked wrongly is answered in one shape, in words, without a trace of where anything is."""

from __future__ import annotations

from pathlib import Path

import pytest
from httpx import Response
from sqlalchemy import text

from scorer_core.errors import RunError
from scorer_core.ledger.database import open_engine, writing
from scorer_core.settings import Settings
from tests.scorer_airflow.web.client import TestClient
from tests.scorer_airflow.web.conftest import SetTo, below
from tests.scorer_airflow.web.installed import CUT_SHORT, DAG, GOING, PUBLISHED, RETIRED
from tests.support.own_database import copy_installation, database_of
from tests.support.prepared import make_settings

RUN = f"/scorer/run/{DAG}/"
ESCAPES = (
    "..",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fscorer.db",
    "..%5c..%5cscorer.db",
    "%252e%252e%252f",
    "%00",
    "a%00b",
    "%c0%ae%c0%ae",
    "%ff%fe",
    "%E2%80%AE%09",
    "x" * 251,
    "retired%20",
    "%3Cscript%3E",
)
WRONG = (
    ("/scorer/", "page=0"),
    ("/scorer/", "page=-1"),
    ("/scorer/", "page=2"),
    ("/scorer/", f"page={10**30}"),
    ("/scorer/", "page=1e3"),
    ("/scorer/", "sort=objective"),
    ("/scorer/", "engine=grid"),
    ("/scorer/", "verdict=%27%20OR%201=1"),
    ("/scorer/", "unknown=1"),
    ("/scorer/", "q=" + "x" * 251),
    ("/scorer/published", "page=99"),
    ("/scorer/published", f"page={10**30}"),
    ("/scorer/compare", ""),
    ("/scorer/compare", f"run={PUBLISHED}"),
    ("/scorer/compare", f"run={PUBLISHED}&run={PUBLISHED}"),
    ("/scorer/compare", f"run={RETIRED}&run=nobody"),
    ("/scorer/compare", "&".join(f"run={number}" for number in range(50))),
    ("/scorer/nothing", ""),
    ("/scorer/static/page.py", ""),
    ("/scorer/static/..%2fpages.py", ""),
)


def error_of(answer: Response) -> str:
    """Return the sentence of an error, after its shape was checked."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/json"
    (told,) = answer.json().values()
    assert list(answer.json()) == ["error"]
    return str(told)


@pytest.mark.parametrize("run_id", ESCAPES)
@pytest.mark.parametrize("page", ["", "/now", "/report.html"])
def test_no_run_id_leads_out_of_the_runs(viewer: TestClient, installation: Settings, run_id: str, page: str) -> None:
    answer = viewer.get(f"{RUN}{run_id}{page}", follow_redirects=False)

    told = error_of(answer)
    assert str(installation.home) not in told
    assert "Traceback" not in told


@pytest.mark.parametrize(("address", "query"), WRONG)
def test_a_wrong_question_has_a_short_answer(viewer: TestClient, address: str, query: str) -> None:
    told = error_of(viewer.get(f"{address}?{query}"))

    assert 0 < len(told) < 400


def test_a_browser_is_told_the_same_as_a_page(viewer: TestClient) -> None:
    answer = viewer.get(f"{RUN}nobody", headers={"accept": "text/html"})

    assert answer.status_code == 404
    assert "The ledger knows no run of this name." in answer.text
    assert '<nav class="tabs"' in answer.text


def test_a_link_among_the_runs_does_not_lead_out(
    viewer: TestClient, installation: Settings, tmp_path: Path, set_to: SetTo
) -> None:
    home = tmp_path / "other"
    copy_installation(installation.home, home)
    settings = make_settings(home)
    set_to(settings)
    folder = next(path for path in Path(settings.runs_dir).iterdir() if path.name.startswith("manual__"))
    outside = tmp_path / "outside"
    folder.rename(outside)
    folder.symlink_to(outside)

    answer = viewer.get(f"{RUN}{PUBLISHED}")

    assert answer.status_code == 200
    assert "Its folder is no longer kept" in answer.text
    assert viewer.get(f"{RUN}{PUBLISHED}/report.html").status_code == 404


def test_a_run_whose_folder_was_retired_is_told_from_the_ledger(viewer: TestClient) -> None:
    told = viewer.get(f"{RUN}{RETIRED}").text

    assert "Its folder is no longer kept" in told
    assert "KEEP CHAMPION" in told
    assert "residue_mod_1" in told
    assert "report.html" not in told


def test_a_run_that_was_cut_short_says_how_far_it_came(viewer: TestClient) -> None:
    assert "did not get past trial_lane" in viewer.get(f"{RUN}{CUT_SHORT}").text


def test_another_dags_run_has_nothing_to_show_in_its_tab(viewer: TestClient) -> None:
    answer = viewer.get("/scorer/run/another_dag/run-1")

    assert (answer.status_code, "this run is another DAG" in answer.text) == (200, True)


@pytest.mark.parametrize("part", ["", "/now", "/report.html"])
def test_who_may_read_another_dag_reads_nothing_of_ours_by_its_name(viewer: TestClient, part: str) -> None:
    answer = viewer.get(f"/scorer/run/another_dag/{PUBLISHED}{part}")

    assert answer.status_code == (404 if part else 200)
    assert "residue_mod_1" not in answer.text
    assert "scorer-ended" not in answer.headers


def test_without_a_ledger_every_page_says_so_and_makes_none(viewer: TestClient, tmp_path: Path, set_to: SetTo) -> None:
    settings = make_settings(tmp_path / "new", database_url=database_of(tmp_path / "new", empty=True))
    set_to(settings)
    before = below(settings.home)

    assert "No run yet" in viewer.get("/scorer/").text
    assert "Nothing is published yet" in viewer.get("/scorer/published").text
    assert "rig-a" in viewer.get("/scorer/fleet").text
    assert error_of(viewer.get(f"{RUN}run-1")).startswith("There is no ledger yet")
    assert below(settings.home) == before


def test_a_ledger_of_another_version_is_named_and_not_touched(
    viewer: TestClient, installation: Settings, tmp_path: Path, set_to: SetTo
) -> None:
    copy_installation(installation.home, tmp_path / "old")
    settings = make_settings(tmp_path / "old")
    set_to(settings)
    engine = open_engine(settings.database_url)
    with writing(engine).begin() as connection:
        connection.execute(text("UPDATE scorer_schema SET version_num = '0002'"))

    for address in ("/scorer/", "/scorer/published", "/scorer/fleet", f"{RUN}{PUBLISHED}"):
        answer = viewer.get(address)
        assert (answer.status_code, list(answer.json())) == (503, ["error"]), address
        assert "of version 0002" in answer.json()["error"]
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT version_num FROM scorer_schema")).all() == ["0002"]


def test_a_database_that_does_not_answer_is_no_secret_told(viewer: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORER_DATABASE_URL", "postgresql+psycopg://scorer:hush@127.0.0.1:1/scorer")

    answer = viewer.get("/scorer/")

    assert answer.status_code == 503
    assert answer.json()["error"].startswith("The ledger's database does not answer.")


def test_a_setting_that_is_wrong_is_named_without_its_value(
    viewer: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORER_ALPHA", "hush")

    answer = viewer.get("/scorer/")

    assert answer.status_code == 503
    assert "SCORER_ALPHA" in answer.json()["error"]
    assert "hush" not in answer.text


def test_an_error_that_names_a_place_is_told_without_it(viewer: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise RunError("/srv/scorer/runs/x: is gone from rig.lan:2222.")

    monkeypatch.setattr("scorer_airflow.web.routes.runs.run_list", gone)

    answer = viewer.get("/scorer/")

    assert (answer.status_code, answer.json()) == (503, {"error": "…x: is gone from …."})


def test_a_fault_of_the_page_tells_nothing_of_itself(viewer: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scorer_airflow.web.routes.runs.run_list", lambda *_: 1 / 0)

    answer = viewer.get("/scorer/")

    assert (answer.status_code, answer.json()) == (
        500,
        {"error": "This page has a fault. The API server's log has it."},
    )


def test_the_inventory_that_cannot_be_read_is_said_on_the_page(
    viewer: TestClient, tmp_path: Path, set_to: SetTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to(make_settings(tmp_path / "new"))
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text("nodes: [{name: rig-a, ssh: {host: 'secret host', user: hush, port: 99999}}]")
    monkeypatch.setenv("SCORER_CLUSTER_FILE", str(inventory))

    told = viewer.get("/scorer/fleet").text

    assert "The inventory cannot be read here" in told
    assert "scorer cluster check" in told
    assert [word for word in ("secret", "hush", "99999", str(tmp_path)) if word in told] == []


def test_a_run_that_goes_on_is_still_there(viewer: TestClient) -> None:
    """What this file asked wrongly has changed nothing."""
    assert viewer.get("/scorer/", params={"q": GOING}).text.count('name="run"') == 1
