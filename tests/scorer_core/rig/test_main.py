"""The command line of worker.pyz: probe, check, and how it reports errors."""

from __future__ import annotations

import io
import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer_core.pool.survivors import Pool
from scorer_core.rig import main as rig_main
from scorer_core.rig.main import main
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
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
        "python": platform.python_version(),
        "python_fits": True,
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


def test_a_check_prints_the_evaluation_of_one_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], golden_pool: Pool
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(REQUEST)))

    assert main(["check", "--pool", str(GOLDEN_POOL)]) == 0

    expected = evaluate(golden_pool, TrialRequest.from_json(REQUEST)).to_json()
    assert json.loads(capsys.readouterr().out) == expected


@pytest.mark.parametrize(
    ("stdin", "pool", "error", "message"),
    [
        (json.dumps({**REQUEST, "sample_size": 0}), GOLDEN_POOL, "RequestError", "sample_size is 0"),
        ("not json", GOLDEN_POOL, "JSONDecodeError", "Expecting value"),
        (json.dumps(REQUEST), Path("/no/such/pool.npz"), "PoolError", "pool.npz"),
    ],
)
def test_an_error_is_one_json_line_on_standard_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stdin: str,
    pool: Path,
    error: str,
    message: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))

    assert main(["check", "--pool", str(pool)]) == 1

    out, err = capsys.readouterr()
    assert out == ""
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
