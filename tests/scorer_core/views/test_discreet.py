"""Errors on a page tell what went wrong, not where anything is or how it is reached."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.views.discreet import discreet

NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/srv/scorer/runs/x/report.html: cannot be read", "…report.html: cannot be read"),
        ('File "/home/rig/worker.py", line 3', 'File "…worker.py", line 3'),
        ("wrote ~/keys/id_ed25519", "wrote …id_ed25519"),
        ("Unable to connect to port 22 on 10.0.0.4 or ::1", "Unable to connect to …"),
        ("user 'scorer' or its key was refused", "user … or its key was refused"),
        ("postgresql+psycopg://u:p@h/db failed", "… failed"),
        ("scorer@rig.lan is away", "… is away"),
        ("from 192.168.0.7:4022", "from …"),
        ("from fe80::1 to 2001:db8:0:0:1:2:3:4", "from … to …"),
        ("rig.lan:2222 is silent", "… is silent"),
    ],
)
def test_paths_hosts_and_logins_are_left_out(said: str, shown: str) -> None:
    assert discreet(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "5/143 of 3/4 and/or less at 07:08:09",
        "rig-6600c · gpu 3: 6 trials in a row failed",
        "p = 2.7e-32, within 0.0061",
        "<b>bold</b>",
        "scorer 0.2.0 on numpy 1.24.4",
        "run manual__2026-11-20T08:00:00+00:00",
    ],
)
def test_the_rest_is_told_as_it_is(said: str) -> None:
    assert discreet(said) == said


@given(st.lists(NAME, min_size=1, max_size=5), NAME)
def test_of_a_path_nothing_but_its_last_name_is_shown(folders: list[str], last: str) -> None:
    assert discreet(f"cannot read /{'/'.join(folders)}/{last} here") == f"cannot read …{last} here"


def test_control_characters_are_replaced_and_long_texts_cut() -> None:
    assert discreet("\x1b[31mred") == "\N{REPLACEMENT CHARACTER}[31mred"
    assert discreet("x" * 700, 600) == "x" * 600 + "…"
