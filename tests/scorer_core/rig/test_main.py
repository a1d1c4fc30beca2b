"""The command line of worker.pyz: probe, check, and how it reports errors."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer_core.pool.survivors import Pool
from scorer_core.rig import main as rig_main
from scorer_core.rig.main import main
from scorer_core.rig.protocol import encode, encode_request
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import completed
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.scoring.trial import TrialRequest, evaluate
from tests.support.pools import GOLDEN_POOL

PARAMS = completed(
    {"residue_mod_1": 9, "residue_mod_2": 122, "residue_mod_3": 1367, "max_offset": 13}, MaskPolicy.MAX_OFFSET
)
REQUEST: dict[str, Any] = {"trial_number": 32, "params": PARAMS, "sample_size": 5000, "mask_policy": "max_offset"}


def test_a_probe_prints_what_a_deployment_compares(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCORER_RIG_GPUS", "amd:8")

    assert main(["probe", "--vendor", "amd"]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "gpus": 8,
        "gpu_source": "SCORER_RIG_GPUS",
        "gpu_problem": "",
        "python": platform.python_version(),
        "python_fits": True,
        "cores": len(os.sched_getaffinity(0)),
        "numpy": np.__version__,
        "numpy_fits": True,
    }


@pytest.mark.parametrize(("version", "fits"), [("1.23.5", False), ("1.24.0", True), ("2.0.0rc1", True)])
def test_an_old_numpy_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: str, fits: bool
) -> None:
    monkeypatch.setattr(np, "__version__", version)

    assert main(["probe", "--vendor", "amd"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["numpy"], report["numpy_fits"]) == (version, fits)


def test_no_numpy_is_reported_and_not_raised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)

    assert main(["probe", "--vendor", "amd"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["numpy"], report["numpy_fits"]) == (None, False)
    assert "numpy" in report["numpy_error"]


def test_an_old_python_does_not_fit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(rig_main, "MIN_PYTHON", (99, 0))

    assert main(["probe", "--vendor", "amd"]) == 0

    assert json.loads(capsys.readouterr().out)["python_fits"] is False


@pytest.fixture
def checks(tmp_path: Path) -> list[str]:
    """The command line of a check of the golden pool."""
    pool = GOLDEN_POOL.read_bytes()
    sha256 = hashlib.sha256(pool).hexdigest()
    (tmp_path / "pools").mkdir()
    (tmp_path / "pools" / f"{sha256}.npz").write_bytes(pool)
    return ["check", f"--root={tmp_path}", "--node=rig-a", f"--pool-sha256={sha256}"]


def ask(monkeypatch: pytest.MonkeyPatch, *lines: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"".join(lines))))


def test_a_check_answers_requests_on_the_whole_pool(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], checks: list[str], golden_pool: Pool
) -> None:
    trial = TrialRequest.from_json(REQUEST)
    policy = MaskPolicy.MAX_OFFSET
    pins = {"residue_mod_1": 9, "residue_mod_2": 122}
    shard = ShardRequest(0, {**shard_params(policy, 0, pins)}, policy, 450)
    ask(monkeypatch, encode_request(trial), encode_request(shard))

    assert main(checks) == 0

    rows, evaluation, outcome = (json.loads(line) for line in capsysbinary.readouterr().out.splitlines())
    assert rows == {"rows": len(golden_pool)}
    assert evaluation == evaluate(golden_pool, trial).to_json()
    assert outcome == PoolScorer.of(golden_pool).sweep(shard).to_json()


@pytest.mark.parametrize(
    ("line", "changed", "error", "message"),
    [
        (encode("trial", {**REQUEST, "sample_size": 0}), [], "RequestError", "sample_size is 0"),
        (b"not json\n", [], "RequestError", "not JSON"),
        (b"", ["--pool-sha256=" + "0" * 64], "FileNotFoundError", "000.npz"),
        (b"", ["--table=max_offset"], "ChecksumMismatch", "rig-a: "),
    ],
)
def test_an_error_is_one_json_line_on_standard_error(
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
    checks: list[str],
    line: bytes,
    changed: list[str],
    error: str,
    message: str,
) -> None:
    ask(monkeypatch, line)

    assert main([*checks, *changed]) == 1

    err = capsysbinary.readouterr().err
    assert len(err.splitlines()) == 1
    said = json.loads(err)
    assert said["error"] == error
    assert message in said["message"]


@pytest.mark.parametrize("command", [[], ["nope"], ["probe"], ["probe", "--vendor", "matrox"], ["serve", "--gpu", "x"]])
def test_a_wrong_command_line_is_exit_code_2(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(command)

    assert stop.value.code == 2
    assert "usage: worker.pyz" in capsys.readouterr().err
