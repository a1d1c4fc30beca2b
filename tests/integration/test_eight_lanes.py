"""Given a rig with eight GPUs, two cores and a large pool: a sweep ends by itself, with nothing set by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer_core.pool.survivors import pool_from_columns
from scorer_core.run.trials import TicketState
from scorer_core.steps.collect import collect
from scorer_core.steps.gpu_slots import gpu_slots
from sim.pools import PoolKind, make_pool
from tests.integration.rigs import Lanes, make_settings, reports_of
from tests.support.prepared import prepared
from tests.support.sshd import OpenSshServer

ROWS, GPUS, CORES = 345_000, 8, 2


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.faults
@pytest.mark.timeout(900)
def test_a_sweep_by_eight_lanes_on_two_cores_has_no_time_out_and_keeps_its_rig(tmp_path: Path) -> None:
    pool = pool_from_columns(make_pool(PoolKind.PLANTED, ROWS, seed=1), where="pool")
    with OpenSshServer(tmp_path / "rig", "rig-a", gpus=GPUS, cores=CORES, limits_threads=False) as server:
        settings = make_settings(tmp_path / "home", [server.inventory_entry()])
        context = prepared(settings, pool)
        (report,) = reports_of(context)

        lanes = Lanes(context, gpu_slots(context.inventory(), {report.node: report.trial_timeout_s}, GPUS))
        lanes.join(timeout_s=800)

        assert report.cores == CORES
        assert lanes.errors == {}
        assert sum(lane.failures for lane in lanes.reports.values()) == 0
        assert context.ledger.taken_out(context.run_id) == {}
        tickets = context.ledger.tickets(context.run_id)
        assert {(ticket.state, ticket.attempts) for ticket in tickets} == {(TicketState.DONE, 1)}
        assert len(tickets) == context.spec.n_trials >= 2 * GPUS
        assert collect(context, context.inventory()).reported == context.spec.n_trials
