"""Given one rig that lies among honest ones: verdict and config are those of the same run without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scorer_core.gate.decision import Decision
from scorer_core.publish.publisher import CONFIG_NAME
from scorer_core.steps.collect import collect
from scorer_core.steps.quality_gate import quality_gate
from tests.integration.faults.liars.runs import HONEST, SWEEP, with_liars, work
from tests.integration.faults.runs import Rigs, Run, assert_left_clean, rigs_up
from tests.support.runs import prepare, run_sweep, run_trials

TRIALS: dict[str, Any] = {"n_trials": 40, "sample_size": None, "search": "random", "seed": 3}


@pytest.fixture
def rigs(tmp_path: Path) -> Any:
    """One OpenSSH server; each rig is a folder on it."""
    with rigs_up(tmp_path, openssh=[HONEST]) as rigs:
        yield rigs


@pytest.mark.fault("one rig that lies, through gate and config", servers="OpenSSH")
@pytest.mark.parametrize(
    ("lie", "conf", "settings"),
    [
        ("trial: a better objective", TRIALS, {}),
        ("shard: a better best", SWEEP, {}),
        ("shard: the winner hidden", SWEEP, {"verify": "all"}),
    ],
)
def test_verdict_and_config_are_those_without_the_liar(
    rigs: Rigs, tmp_path: Path, outcome: Callable[[str], None], lie: str, conf: dict[str, Any], settings: dict[str, Any]
) -> None:
    run, told = with_liars(rigs, [lie], "live", settings=settings, **conf)
    work(run, told)
    found = collect(run.context, run.inventory)
    assert_left_clean(run)
    (run.context.settings.publish_dir / CONFIG_NAME).unlink()  # what start_run left there is no config

    decision = quality_gate(run.context)

    assert decision.candidate is not None
    assert set(found.distrusted) == set(told)
    assert decision == without(run, tmp_path / "without", conf)
    outcome("the rig is taken out; verdict, candidate and every number of the gate are those of a run without it")


def without(run: Run, home: Path, conf: dict[str, Any]) -> Decision:
    """Return the decision on the same run in one honest process."""
    context = prepare(home, run.context.files.pool.read_pool(), **conf)
    if "n_trials" in conf and conf["n_trials"]:
        run_trials(context)
    else:
        run_sweep(context)
    collect(context, None)
    return quality_gate(context)
