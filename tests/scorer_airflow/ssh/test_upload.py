"""An upload in pieces arrives whole, and says how far it is."""

from __future__ import annotations

import io
import itertools

import pytest

from scorer_airflow.ssh.upload import PIECE_BYTES, upload


def test_all_arrives_and_the_log_says_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    content = bytes(range(256)) * (3 * PIECE_BYTES // 256) + b"end"
    stream, seconds = io.BytesIO(), itertools.count(0.0, 3.0)

    upload(stream, content, "rig-a", lambda: next(seconds))

    assert stream.getvalue() == content
    assert [record.getMessage() for record in caplog.records] == [
        "rig-a: 2 of 3 MB are sent",
        "rig-a: 3 of 3 MB are sent",
    ]
