"""What the pages show, and what none of them does."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from scorer_core.settings import Settings
from tests.scorer_airflow.web.client import TestClient
from tests.scorer_airflow.web.installed import CUT_SHORT, DAG, GOING, PUBLISHED, RETIRED

RUN = f"/scorer/run/{DAG}/"
PAGES = (
    "/scorer/",
    "/scorer/published",
    "/scorer/fleet",
    "/scorer/fleet/now",
    f"/scorer/compare?run={quote(PUBLISHED)}&run={quote(GOING)}",
    *(f"{RUN}{quote(run_id, safe='')}" for run_id in (PUBLISHED, RETIRED, CUT_SHORT, GOING)),
    f"{RUN}{quote(GOING, safe='')}/now",
)


def words(page: str) -> str:
    """Return the text of a page, its space as one blank each."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def listed(viewer: TestClient, **asked: str) -> list[str]:
    return re.findall(r'aria-label="Compare ([^"]*)"', viewer.get("/scorer/", params=asked).text)


@pytest.mark.parametrize("address", PAGES)
def test_no_page_tells_where_anything_is_or_lets_a_rig_write_markup(
    viewer: TestClient, installation: Settings, address: str
) -> None:
    answer = viewer.get(address)

    assert answer.status_code == 200
    for secret in (str(installation.home), "/home/rig", "10.0.0.7", "sqlite:", "scorer.db", "\x1b"):
        assert secret not in answer.text
    assert "<script>alert" not in answer.text
    assert "<b>on" not in answer.text


def test_the_list_says_how_each_run_stands(viewer: TestClient) -> None:
    told = words(viewer.get("/scorer/").text)

    for words_of in ("Searching", "Ended without a verdict", "Real, but the published config stays"):
        assert words_of in told
    assert "Found, and worth publishing published now" in told
    assert "6 of 12" in told
    assert "4 of 4 runs" in told


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "retir"}, [RETIRED]),
        ({"q": "SURVIVORS_binary"}, [GOING, CUT_SHORT, RETIRED, PUBLISHED]),
        ({"q": "100%_"}, []),
        ({"verdict": "PUBLISH"}, [PUBLISHED]),
        ({"verdict": "KEEP_CHAMPION"}, [RETIRED]),
        ({"verdict": "running"}, [GOING]),
        ({"verdict": "none"}, [CUT_SHORT]),
        ({"engine": "random", "sort": "oldest"}, [PUBLISHED, RETIRED, CUT_SHORT, GOING]),
        ({"engine": "sweep"}, []),
        ({"sort": "run"}, [CUT_SHORT, GOING, PUBLISHED, RETIRED]),
        ({"sort": "verdict"}, [RETIRED, PUBLISHED, GOING, CUT_SHORT]),
    ],
)
def test_runs_are_filtered_and_sorted(viewer: TestClient, asked: dict[str, str], found: list[str]) -> None:
    escaped = [run_id.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for run_id in found]

    assert listed(viewer, **asked) == escaped


def test_a_run_that_goes_says_how_far_and_which_rig_failed(viewer: TestClient) -> None:
    told = words(viewer.get(f"{RUN}{quote(GOING, safe='')}/now").text)

    assert re.search(r"Searching: 6 of 12 trials are done, about \S+ s to go\.", told)
    assert "1 lane on 1 rig is at work." in told
    assert "no memory in …worker.pyz, …" in told
    assert "&lt;script&gt;" in told
    assert "Failed attempts 1" in told


def test_a_run_that_is_over_tells_its_verdict_first(viewer: TestClient) -> None:
    told = words(viewer.get(f"{RUN}{quote(PUBLISHED)}").text)

    begin = told.index("PUBLISH ")
    assert told.index("A config was found") < told.index("Guaranteed lift") < told.index("The checks")
    assert begin < told.index("A config was found")
    assert "Its config was published at" not in told or "no longer" in told
    for check in ("complete", "consistent", "alive", "real", "worth it", "better"):
        assert check in told


def test_what_changes_is_no_more_asked_for_once_a_run_is_over(viewer: TestClient) -> None:
    answer = viewer.get(f"{RUN}{quote(PUBLISHED)}/now")

    assert (answer.status_code, answer.headers["scorer-ended"]) == (204, "1")
    assert "data-live" not in viewer.get(f"{RUN}{quote(PUBLISHED)}").text
    assert "data-live" in viewer.get(f"{RUN}{quote(GOING, safe='')}").text


def test_a_run_that_is_over_without_a_verdict_tells_what_it_has(viewer: TestClient) -> None:
    told = words(viewer.get(f"{RUN}{CUT_SHORT}").text)

    assert "3 of 12 not collected" in told
    assert re.search(r"Best objective −?0\.\d+ trial \d, on (all|[\d,]+) rows", told)
    assert "The best trial" in told


def test_two_runs_are_compared_and_what_differs_is_marked(viewer: TestClient) -> None:
    page = viewer.get("/scorer/compare", params={"run": [PUBLISHED, RETIRED]}).text

    assert "Two runs, side by side" in page
    assert re.search(r'<td class="muted wide">verdict</td><td class="wrap differs">PUBLISH</td>', page)
    assert re.search(r'<td class="muted wide">residue_mod_1</td><td class="wrap">16</td>', page)


def test_the_published_config_says_where_each_value_is_from_and_how_to_go_back(viewer: TestClient) -> None:
    page = viewer.get("/scorer/published").text
    told = words(page)

    assert "max_offset 15 searched the objective, and later steps" in told
    assert "dropout 0.25 its default later steps only" in told
    assert "scorer rollback" in told
    assert "dropout 0.3 → 0.25" in told
    assert "Decisions asked for 1" in told
    assert f'wide"><a href="./run/{DAG}/{quote(PUBLISHED)}"' in page.split("Decisions of this")[1]
    assert "39.2% of it, for all that are to come" in told


def test_the_fleet_has_every_node_of_the_inventory(viewer: TestClient) -> None:
    page = viewer.get("/scorer/fleet").text
    told = words(page)

    assert "head 2 × nvidia, the head working" in told
    assert "rig-a 2 × nvidia ready" in told
    assert page.count('<li class="ready"') == 3
    assert 'title="gpu 0: working on trial 6 of going' in page


def test_the_report_is_served_as_the_run_wrote_it_but_for_where_it_is(
    viewer: TestClient, installation: Settings
) -> None:
    answer = viewer.get(f"{RUN}{quote(PUBLISHED)}/report.html")
    (report,) = installation.home.glob("runs/manual__*/report.html")
    written = report.read_text()

    assert str(installation.home) in written
    assert str(installation.home) not in answer.text
    assert abs(len(answer.text) - len(written)) < 1_000


@pytest.mark.parametrize("base", ["", "/sub"])
@pytest.mark.parametrize("path", ["/scorer/", "/scorer/published", f"{RUN}retired"])
def test_a_page_finds_its_style_below_any_base_path(viewer: TestClient, base: str, path: str) -> None:
    from urllib.parse import urljoin

    page = viewer.get(path).text
    (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)

    assert urljoin(f"http://host{base}{path}", style).startswith(f"http://host{base}/scorer/static/page.css?")
