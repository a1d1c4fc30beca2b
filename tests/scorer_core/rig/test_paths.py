"""Where things are on a rig: below its root, whatever the run is called."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.rig.paths import RigPaths, safe_name

PATHS = RigPaths(PurePosixPath("/home/scorer"))
hostile = st.text() | st.sampled_from(["..", ".", "", "/", "-rf", "a/../b", "$(id)", "a\nb", "a b", "'", "~", "\0"])
ids = hostile.filter(lambda text: text.isprintable() or text.isascii())


@given(run_id=ids)
def test_a_runs_folder_is_harmless_in_any_path_or_shell(run_id: str) -> None:
    name = safe_name(run_id)

    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name)
    assert len(name) <= 100
    assert PATHS.run(run_id).parent == PurePosixPath("/home/scorer/runs")


@given(one=ids, other=ids)
def test_two_runs_never_share_a_folder(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)


@given(start=st.text("ab.-_", min_size=1, max_size=12), tail=st.text(" /:+", min_size=1, max_size=3))
def test_runs_that_differ_only_in_unsafe_characters_have_folders_of_their_own(start: str, tail: str) -> None:
    assert len({safe_name(start), safe_name(start + tail), safe_name(start + tail + "/")}) == 3


@given(run_id=st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9])?", fullmatch=True))
def test_a_tame_name_stays_as_it_is(run_id: str) -> None:
    assert safe_name(run_id) == run_id


def test_airflows_run_ids_stay_readable() -> None:
    assert re.fullmatch(
        r"manual__2024-05-06T07-08-09-00-00-[0-9a-f]{8}", safe_name("manual__2024-05-06T07:08:09+00:00")
    )


def test_every_place_is_the_documented_one() -> None:
    sha = "0123456789abcdef" * 4

    assert str(PATHS.worker(sha)) == f"/home/scorer/workers/{sha}/worker.pyz"
    assert str(PATHS.pool(sha)) == f"/home/scorer/pools/{sha}.npz"
    assert str(PATHS.incoming("abc-1.part")) == "/home/scorer/incoming/abc-1.part"
    assert str(PATHS.journal("r1", 3)) == "/home/scorer/runs/r1/gpu3.jsonl"
    assert str(PATHS.lock(3)) == "/home/scorer/locks/gpu3.lock"


@pytest.mark.parametrize("sha", ["", "a" * 63, "A" * 64, "g" * 64, "../" + "a" * 61, "a" * 64 + "\n"])
def test_what_is_no_sha256_names_no_file(sha: str) -> None:
    with pytest.raises(ValueError, match="is not a SHA-256"):
        PATHS.worker(sha)
    with pytest.raises(ValueError, match="is not a SHA-256"):
        PATHS.pool(sha)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "-a", "a b", "a\n", "\0", "é"])
def test_an_upload_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="is not a plain file name"):
        PATHS.incoming(name)
