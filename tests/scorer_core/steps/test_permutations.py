"""Given a run that asks for 40 permutations: the lanes count them beside the budget, and the gate doubts each rig."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scorer_core.conf import RunConf
from scorer_core.context import RunContext
from scorer_core.evidence.chance import space_by_chance
from scorer_core.ledger import permutations
from scorer_core.ledger.stops import stop
from scorer_core.rig import journal
from scorer_core.rig.protocol import AnyRequest, TrialResult
from scorer_core.rig.worker import Origin, run_request
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep import chance
from scorer_core.scoring.sweep.chance import Permutations
from scorer_core.scoring.sweep.grid import Grid, full_grid
from scorer_core.search import permuting as permuting_module
from scorer_core.search.lane import Lane
from scorer_core.search.permuting import Permuting
from scorer_core.steps.collect import collect
from scorer_core.steps.prepare_run import prepare_pool_run
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report
from scorer_core.steps.trial_lane import trial_lane
from tests.scorer_core.steps.installation import journal_of, make_python, rig_paths
from tests.support.prepared import make_node, make_settings, prepared
from tests.support.runs import PLANTED_CONFIG, run_trials, sample_pool

pytestmark = pytest.mark.slow

WANTED = 40
BUDGET = 12
RIGS = ("rig-a", "rig-b")
GRACE = timedelta(seconds=30)
SMALL = """
import scorer_core.scoring.sweep.chance as chance
whole = chance.full_grid
chance.full_grid = lambda policy: whole(policy).with_mods_3(900, 900)
"""
"""A thousandth of the space: what is tried here is not how long its walk takes."""
DIES_ONCE = """
import pathlib, signal
counted = chance.best_of_space
import scorer_core.scoring.scorer as scorer
def once(*given, **named):
    try:
        pathlib.Path({marker!r}).touch(exist_ok=False)
    except FileExistsError:
        return counted(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
scorer.best_of_space = once
"""


HANGS = """
import time
import scorer_core.scoring.scorer as scorer
scorer.best_of_space = lambda *given, **named: time.sleep(60)
"""


@pytest.fixture(autouse=True)
def small_space(monkeypatch: pytest.MonkeyPatch) -> None:
    small: list[Grid] = [full_grid(MaskPolicy.MAX_OFFSET).with_mods_3(900, 900)]
    monkeypatch.setattr(chance, "full_grid", lambda policy: small[0])


def run_on(home: Path, prelude: str = SMALL, wanted: int = WANTED) -> RunContext:
    """Prepare a random search of a planted pool on two rigs, whose files are where a deployment puts them."""
    home.mkdir(exist_ok=True)
    python = make_python(home / "python", prelude)
    nodes = [make_node(home, name, python=python, tables=False) for name in RIGS]
    settings = make_settings(home, *nodes, health_s=0)
    conf: dict[str, Any] = {"search": "random", "n_trials": BUDGET, "sample_size": 2000, "seed": 1}
    context = prepared(settings, sample_pool(), **conf, evidence_permutations=wanted)
    for name in RIGS:
        paths = rig_paths(context, name)
        for path, file in (
            (paths.worker(context.record.worker_sha256), context.files.worker),
            (paths.pool(context.record.pool_sha256), context.files.pool),
        ):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(file.read_bytes())
    return context


class Rig:
    """A rig in this process, which tells what it likes of permutations."""

    def __init__(self, context: RunContext, node: str, factor: float = 1.0, most: int = 100) -> None:
        run = context.record
        self.context, self.slot, self._factor, self._most = context, Slot(node, 0), factor, most
        self._origin = Origin(node, 0, run.worker_sha256, run.pool_sha256)
        self._scorer = PoolScorer.of(context.files.pool.read_pool())

    def run(self, request: AnyRequest, timeout_s: float) -> TrialResult:
        del timeout_s
        result = run_request(self._scorer, request, self._origin)
        return replace(result, evaluation={"best": [one * self._factor for one in result.evaluation["best"]]})

    def count(self) -> None:
        """Count as many batches as this rig may."""
        context = self.context
        permuting = Permuting(self.slot, context.ledger, context.record, GRACE, within_trials=True)
        while permuting.batches < self._most and permuting.attempt(self):
            pass


def decided(context: RunContext) -> dict[str, Any]:
    """Collect and decide, and return what the evidence says of chance."""
    collect(context, None)
    quality_gate(context)
    return told(context)


def told(context: RunContext) -> dict[str, Any]:
    found: dict[str, Any] = context.files.evidence.read_json()["chance"]
    return found


def near(some: Sequence[float]) -> Any:
    return pytest.approx(some, rel=1e-9)


def by_the_head(context: RunContext, wanted: int = WANTED) -> list[float]:
    """Return what the head counts alone, whatever the run."""
    which = Permutations(context.record.decision or 0, True, range(wanted))
    return list(space_by_chance(context.files.pool.read_pool(), MaskPolicy.MAX_OFFSET, which, 1.0).permuted)


def test_a_lane_counts_them_on_its_rig_and_the_evidence_has_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = run_on(tmp_path)

    with caplog.at_level(logging.INFO):
        report_ = trial_lane(context, Slot("rig-a", 0))
    found = collect(context, context.inventory())
    quality_gate(context)
    first = told(context)

    assert (report_.trials, report_.batches, report_.failures) == (BUDGET, 2, 0)
    assert {(one.state, one.attempts) for one in context.ledger.tickets(context.run_id)} == {(TicketState.DONE, 1)}
    assert (found.executed, found.collected, found.refused, found.torn_lines) == (BUDGET, BUDGET, {}, 0)
    assert len(journal.read_run(journal_of(context, "rig-a").parent)) == BUDGET
    assert [one for one in caplog.messages if one.startswith("permutations 21 to 40 of 40: ")]
    assert (first["asked"], len(first["permuted"])) == (WANTED, WANTED)
    assert first["permuted"] == near(by_the_head(context))
    assert first["p"] == (1 + sum(one >= first["observed"] for one in first["permuted"])) / (1 + WANTED)
    Path(context.files.evidence.where).unlink()
    quality_gate(context)
    assert told(context) == first


def test_a_worker_that_dies_in_a_batch_is_replaced_and_the_batch_is_counted(tmp_path: Path) -> None:
    context = run_on(tmp_path, SMALL + DIES_ONCE.format(marker=str(tmp_path / "died")))

    report_ = trial_lane(context, Slot("rig-a", 0), lambda _seconds: None)

    assert (tmp_path / "died").exists()
    assert (report_.trials, report_.batches) == (BUDGET, 2)
    assert decided(context)["permuted"] == near(by_the_head(context))
    assert context.ledger.failures(context.run_id) == []


def test_a_lane_whose_rig_takes_too_long_for_a_batch_ends_well_though_it_had_no_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(permuting_module, "SHORTEST_TIMEOUT_S", 1.0)
    context = run_on(tmp_path, SMALL + HANGS)
    run_trials(context, first=PLANTED_CONFIG)
    settings = context.settings.model_copy(update={"reconnect_s": 0.1})

    report_ = trial_lane(replace(context, settings=settings), Slot("rig-a", 0, trial_timeout_s=1.0), lambda _s: None)

    assert (report_.trials, report_.batches) == (0, 0)
    assert "batch 0 of permutations did not end within 1 s" in caplog.text
    assert context.ledger.spent(context.run_id, "rig-a")
    assert decided(context)["permuted"] == near(by_the_head(context, 20))


def searched(home: Path, wanted: int = WANTED) -> RunContext:
    """A run whose trials are done, and whose batches are open."""
    context = run_on(home, wanted=wanted)
    run_trials(context, first=PLANTED_CONFIG)
    return context


def test_what_a_lying_rig_counted_is_not_believed_and_it_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = searched(tmp_path, wanted=80)
    Rig(context, "rig-b", factor=2.0, most=2).count()
    Rig(context, "rig-a").count()

    found = decided(context)

    honest = by_the_head(context, 80)
    kept = [*honest[:15], *honest[40:]]  # the head counts 15 of those that nobody is left for, and 5 of rig-a's
    assert (found["asked"], found["permuted"]) == (80, near(kept))
    assert "none of the permutations that rig-b counted is believed: permutation " in caplog.text
    counted = permutations.counted(context.ledger.engine, context.run_id)
    assert {one.node for one in counted or []} == {"rig-a"}
    assert decided(context) == found
    report(context)
    assert "of 55 of 80 permutations" in context.files.report.read_bytes().decode()


def test_of_a_rig_that_a_trial_proved_a_liar_no_permutation_counts(tmp_path: Path) -> None:
    context = run_on(tmp_path)
    for rig in (Rig(context, "rig-a", most=1), Rig(context, "rig-b")):
        rig.count()

    def lie(result: TrialResult) -> TrialResult:
        return replace(result, evaluation={**result.evaluation, "objective": 0.9})

    told_by(context, "rig-a", lie)
    found = collect(context, context.inventory())

    assert set(found.distrusted) == {"rig-a"}
    counted = permutations.counted(context.ledger.engine, context.run_id)
    assert [one.node for one in counted or []] == ["rig-b"], "the head counts none here"
    quality_gate(context)
    honest = by_the_head(context)
    assert told(context)["permuted"] == near([*honest[:15], *honest[20:]])


def told_by(context: RunContext, node: str, lie: Callable[[TrialResult], TrialResult]) -> None:
    """Let a rig answer all trials in its own way."""
    run = context.record
    origin = Origin(node, 0, run.worker_sha256, run.pool_sha256)
    scorer = PoolScorer.of(context.files.pool.read_pool())

    class Liar:
        def run(self, request: AnyRequest, timeout_s: float) -> TrialResult:
            del timeout_s
            return lie(run_request(scorer, request, origin))

        def keep_alive(self) -> None:
            return

    Lane(Slot(node, 0), context.ledger, run, GRACE).work(Liar())


def test_a_run_that_was_stopped_asks_no_rig_and_the_head_counts_what_it_may(tmp_path: Path) -> None:
    context = searched(tmp_path)
    stop(context.ledger.engine, context.run_id, "ann@head")

    report_ = trial_lane(context, Slot("rig-a", 0))

    assert (report_.trials, report_.batches) == (0, 0)
    found = decided(context)
    assert (found["asked"], found["permuted"]) == (WANTED, near(by_the_head(context, 20)))


@pytest.mark.parametrize(("wanted", "batches"), [(20, None), (21, 0), (None, None)])
def test_only_more_than_the_head_counts_is_asked_of_rigs(
    tmp_path: Path, wanted: int | None, batches: int | None
) -> None:
    settings = make_settings(tmp_path)
    asked = prepared(settings, sample_pool(size=3000), evidence_permutations=wanted)

    counted = permutations.counted(asked.ledger.engine, asked.run_id)
    assert (None if counted is None else len(counted)) == batches


def test_a_search_in_one_process_asks_no_rig(tmp_path: Path) -> None:
    settings, conf = make_settings(tmp_path), RunConf.checked({"evidence_permutations": WANTED})
    files = RunFiles.at(tmp_path / "own")
    context = prepare_pool_run(settings, "own", conf, sample_pool(size=3000), files)

    assert context.record.decision is not None
    assert permutations.counted(context.ledger.engine, "own") is None
