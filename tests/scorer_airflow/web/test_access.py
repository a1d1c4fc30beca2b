"""Every route of the page: nobody without a login, nobody without the right, and nothing but reading."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from scorer_airflow.web.headers import POLICY
from tests.scorer_airflow.web.client import TestClient
from tests.scorer_airflow.web.installed import DAG, PUBLISHED, AirflowLogins

FILLED = {"dag_id": DAG, "run_id": PUBLISHED, "name": "page.css"}
QUERY = {"/scorer/compare": {"run": [PUBLISHED, "retired"]}}


def routes(app: FastAPI) -> list[APIRoute]:
    """Return every route below `/scorer`; anything else than a route with a method fails."""
    (mounted,) = (route for route in app.routes if isinstance(route, Mount) and route.path == "/scorer")
    assert isinstance(mounted.app, FastAPI)
    return list(_flat(mounted.app.routes))


def _flat(found: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in found:
        assert isinstance(route, APIRoute), f"{route} is no route with permissions"
        yield route


def addresses(app: FastAPI) -> list[str]:
    return ["/scorer" + route.path.format(**FILLED) for route in routes(app)]


def test_there_are_the_pages_their_parts_and_nothing_that_describes_them(app: FastAPI) -> None:
    assert sorted(route.path for route in routes(app)) == [
        "/",
        "/compare",
        "/fleet",
        "/fleet/now",
        "/published",
        "/run/{dag_id}/{run_id}",
        "/run/{dag_id}/{run_id}/now",
        "/run/{dag_id}/{run_id}/report.html",
        "/static/{name}",
    ]


def test_every_route_demands_a_permission_of_airflow_and_reads_only(app: FastAPI) -> None:
    for route in routes(app):
        assert route.methods == {"GET"}, route.path
        asked = [dependency.dependency for dependency in route.dependencies]
        assert asked, f"{route.path} asks nobody who he is"
        assert {getattr(one, "__module__", "") for one in asked} == {"airflow.api_fastapi.core_api.security"}


def test_nobody_reads_anything_without_a_login(app: FastAPI) -> None:
    with TestClient(app, raise_server_exceptions=False) as nobody:
        for address in addresses(app):
            answer = nobody.get(address, params=QUERY.get(address))

            assert (answer.status_code, answer.json()) == (401, {"error": "Not authenticated"}), address


def test_a_cookie_that_is_none_is_refused(app: FastAPI) -> None:
    with TestClient(app, raise_server_exceptions=False, cookies={"_token": "junk"}) as somebody:
        for address in addresses(app):
            assert somebody.get(address).status_code in (401, 403), address


def test_a_login_without_the_right_is_refused(app: FastAPI, logins: AirflowLogins) -> None:
    with TestClient(app, raise_server_exceptions=False, cookies=logins.cookie("nora", None)) as nora:
        for address in addresses(app):
            answer = nora.get(address, params=QUERY.get(address))

            assert (answer.status_code, answer.json()) == (403, {"error": "Forbidden"}), address


def test_the_fleet_is_for_who_may_see_the_jobs_that_are_at_work(
    viewer: TestClient, logins: AirflowLogins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins.manager, "is_authorized_view", lambda **_: False)

    assert [viewer.get(f"/scorer/{page}").status_code for page in ("fleet", "fleet/now")] == [403, 403]
    assert viewer.get("/scorer/published").status_code == 200


def test_who_may_read_reads_all_of_it(app: FastAPI, viewer: TestClient) -> None:
    for address in addresses(app):
        answer = viewer.get(address, params=QUERY.get(address))

        assert answer.status_code == (204 if address.endswith("/now") and "/run/" in address else 200), address
        assert answer.headers["x-content-type-options"] == "nosniff"
        kept = "max-age" if "/static/" in address else "no-store"
        assert kept in answer.headers["cache-control"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(app: FastAPI, viewer: TestClient, method: str) -> None:
    for address in addresses(app):
        answer = viewer.request(method, address)

        assert (answer.status_code, answer.json()) == (405, {"error": "Method Not Allowed"}), address


@pytest.mark.parametrize("address", ["docs", "redoc", "openapi.json", "docs/oauth2-redirect"])
def test_the_app_describes_itself_to_nobody(viewer: TestClient, address: str) -> None:
    assert viewer.get(f"/scorer/{address}").status_code == 404


def test_no_script_and_no_style_runs_but_ours(app: FastAPI, viewer: TestClient) -> None:
    for address in addresses(app):
        answer = viewer.get(address, params=QUERY.get(address), headers={"accept": "text/html"})
        policy = answer.headers["content-security-policy"]

        if address.endswith("report.html"):
            assert policy.startswith("sandbox allow-downloads; default-src 'none'")
            continue
        assert policy == POLICY
        assert "unsafe" not in policy
        if answer.headers.get("content-type", "").startswith("text/html"):
            for inline in ("<style", " style=", " onclick=", " onload=", "javascript:", "target=", "<script>"):
                assert inline not in answer.text, (address, inline)


def test_every_address_on_a_page_is_relative(app: FastAPI, viewer: TestClient) -> None:
    for address in addresses(app):
        answer = viewer.get(address, params=QUERY.get(address), headers={"accept": "text/html"})
        if "html" in answer.headers.get("content-type", "") and not address.endswith("report.html"):
            for name in ("href", "src", "action", "data-live"):
                for rest in answer.text.split(f' {name}="')[1:]:
                    assert rest.startswith(("./", "../")), (address, rest[:60])
