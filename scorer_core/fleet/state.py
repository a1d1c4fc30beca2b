"""The fleet at a glance: one record of every node and GPU, read from the ledger alone, which nothing here changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Engine, func, select

from scorer_core.cluster import Node
from scorer_core.fleet.speed import Speed, speeds_of
from scorer_core.ledger.checks import Checked, checked
from scorer_core.ledger.drains import Drain, active_drains
from scorer_core.ledger.lanes import Spent, recently_spent
from scorer_core.ledger.tables import LaneRow, OpinionRow, PermutationRow, RunRow, TicketRow
from scorer_core.rig.health.check import State
from scorer_core.rig.health.table import check_of
from scorer_core.run.clock import Clock, utc_now
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState


@dataclass(frozen=True)
class GpuState:
    """One GPU: whether it may work, the ticket that it works on, when its lane was last seen, and what was measured.

    `drains` are those that hold for it, its node's among them; `failing` the checks of it that did not pass.
    """

    node: str
    gpu: int
    drains: tuple[Drain, ...]
    failing: tuple[Checked, ...]
    works_on: str | None
    last_seen: datetime | None
    temperature_c: float | None
    busy_percent: float | None
    trials_an_hour: float | None
    median_s: float | None

    @property
    def ready(self) -> bool:
        """Say whether a run would give it a slot, as far as drains go."""
        return not self.drains


@dataclass(frozen=True)
class NodeState:
    """One node: its GPUs, the checks of itself that did not pass, and its speed in the newest run with results."""

    name: str
    gpus: tuple[GpuState, ...]
    drains: tuple[Drain, ...]
    failing: tuple[Checked, ...]
    checked_at: datetime | None
    speed: Speed | None

    @property
    def ready(self) -> int:
        """Return how many of its GPUs are ready."""
        return sum(gpu.ready for gpu in self.gpus)


@dataclass(frozen=True)
class FleetState:
    """Every node of the inventory, in its order, at one moment; `run_id` is the run that the speeds are of."""

    at: datetime
    nodes: tuple[NodeState, ...]
    run_id: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the state as a JSON object: moments in ISO 8601, ages in seconds."""
        nodes = [_node_json(node, self.at) for node in self.nodes]
        return {"at": self.at.isoformat(), "run_id": self.run_id, "nodes": nodes}


def fleet_state(engine: Engine, nodes: Sequence[Node], clock: Clock = utc_now) -> FleetState:
    """Return how the fleet is, by selects alone: a login that may only read is enough.

    How fast it is, the latest results of the newest run say: see `recently_spent`.
    """
    run_id, spent = _newest_results(engine)
    return FleetState(clock(), _node_states(engine, nodes, spent), run_id)


def node_states(engine: Engine, nodes: Sequence[Node]) -> tuple[NodeState, ...]:
    """Return how nodes and their GPUs are, but for how fast: for who asks often, or knows that better."""
    return _node_states(engine, nodes, [])


def _node_states(engine: Engine, nodes: Sequence[Node], spent: Sequence[Spent]) -> tuple[NodeState, ...]:
    fast = {one.node: one for one in speeds_of(spent)}
    known = _Known(active_drains(engine), checked(engine), spent, _lanes(engine), _at_work(engine))
    return tuple(_node_state(node, known, fast.get(node.name)) for node in nodes)


@dataclass(frozen=True)
class _Known:
    """What the ledger knows: drains, answers to checks, what results took, lanes seen, and what they work on."""

    drains: Sequence[Drain]
    checked: Sequence[Checked]
    spent: Sequence[Spent]
    seen: Mapping[tuple[str, int], datetime]
    works: Mapping[str, str]


def _node_state(node: Node, known: _Known, speed: Speed | None) -> NodeState:
    own = [one for one in known.checked if one.node == node.name]
    return NodeState(
        name=node.name,
        gpus=tuple(_gpu_state(node.name, gpu, known) for gpu in range(node.gpu.count)),
        drains=tuple(one for one in known.drains if one.node == node.name and one.gpu is None),
        failing=_failing([one for one in own if one.finding.gpu is None]),
        checked_at=max((one.checked_at for one in own), default=None),
        speed=speed,
    )


def _gpu_state(node: str, gpu: int, known: _Known) -> GpuState:
    own = [one for one in known.checked if (one.node, one.finding.gpu) == (node, gpu)]
    label = Slot(node, gpu).label
    done = [one for one in known.spent if one.lane == label]
    return GpuState(
        node=node,
        gpu=gpu,
        drains=tuple(one for one in known.drains if one.holds(node, gpu)),
        failing=_failing(own),
        works_on=known.works.get(label),
        last_seen=known.seen.get((node, gpu)),
        temperature_c=_measured(own, "temperature_c"),
        busy_percent=_measured(own, "busy_percent"),
        trials_an_hour=_rate(done),
        median_s=median(one.seconds for one in done) if done else None,
    )


def _failing(own: Sequence[Checked]) -> tuple[Checked, ...]:
    return tuple(one for one in own if one.finding.state is not State.OK)


def _measured(own: Sequence[Checked], name: str) -> float | None:
    return next((one.finding.values[name] for one in own if name in one.finding.values), None)


def _rate(done: Sequence[Spent]) -> float | None:
    """Return trials an hour, from the first one's start to the last one's end."""
    if not done:
        return None
    ends = [datetime.fromisoformat(one.finished_at) for one in done]
    started = min(end - timedelta(seconds=one.seconds) for end, one in zip(ends, done, strict=True))
    span = (max(ends) - started).total_seconds()
    return 3600 * len(done) / span if span > 0 else None


def _newest_results(engine: Engine) -> tuple[str | None, list[Spent]]:
    """Return the newest run that has results, and what was spent on the latest of them."""
    newest = (
        select(RunRow.run_id)
        .join(TicketRow, TicketRow.run_id == RunRow.run_id)
        .where(TicketRow.state == TicketState.DONE)
        .order_by(RunRow.created_at.desc())
        .limit(1)
    )
    with engine.connect() as connection:
        run_id = connection.scalar(newest)
        return run_id, [] if run_id is None else recently_spent(connection, run_id)


def _lanes(engine: Engine) -> dict[tuple[str, int], datetime]:
    last = select(LaneRow.node, LaneRow.gpu, func.max(LaneRow.seen_at)).group_by(LaneRow.node, LaneRow.gpu)
    with engine.connect() as connection:
        return {(node, gpu): seen for node, gpu, seen in connection.execute(last)}


def _at_work(engine: Engine) -> dict[str, str]:
    """Return what each lane of a run in progress has: a ticket, a second opinion of one, or a batch of permutations."""
    held = (
        select(TicketRow.lane, TicketRow.run_id, TicketRow.number)
        .join(RunRow, RunRow.run_id == TicketRow.run_id)
        .where(TicketRow.state == TicketState.LEASED, RunRow.ended_at.is_(None))
        .order_by(RunRow.created_at)
    )
    with engine.connect() as connection:
        found: dict[str, str] = {}
        for row, words in ((PermutationRow, "{} permutations {}"), (OpinionRow, "{} #{} again")):
            beside = (
                select(row.lane, row.run_id, row.number)
                .join(RunRow, RunRow.run_id == row.run_id)
                .where(row.lane.is_not(None), RunRow.ended_at.is_(None))
            )
            found |= {lane: words.format(run_id, number) for lane, run_id, number in connection.execute(beside) if lane}
        return found | {lane: f"{run_id} #{number}" for lane, run_id, number in connection.execute(held) if lane}


def _age(at: datetime, moment: datetime | None) -> float | None:
    return None if moment is None else round((at - moment).total_seconds(), 1)


def _node_json(node: NodeState, at: datetime) -> dict[str, Any]:
    return {
        "name": node.name,
        "ready": node.ready,
        "drains": [_drain_json(one) for one in node.drains],
        "failing": [_check_json(one, at) for one in node.failing],
        "checked_s_ago": _age(at, node.checked_at),
        "speed": node.speed and node.speed.to_json(),
        "gpus": [
            {
                "gpu": gpu.gpu,
                "ready": gpu.ready,
                "drains": [_drain_json(one) for one in gpu.drains],
                "failing": [_check_json(one, at) for one in gpu.failing],
                "works_on": gpu.works_on,
                "seen_s_ago": _age(at, gpu.last_seen),
                "temperature_c": gpu.temperature_c,
                "busy_percent": gpu.busy_percent,
                "trials_an_hour": gpu.trials_an_hour,
                "median_s": gpu.median_s,
            }
            for gpu in node.gpus
        ],
    }


def _drain_json(one: Drain) -> dict[str, Any]:
    return {
        "place": one.place,
        "check": one.check,
        "who": one.who,
        "reason": one.reason,
        "since": one.since.isoformat(),
    }


def _check_json(one: Checked, at: datetime) -> dict[str, Any]:
    known = check_of(one.finding.check)
    said = one.finding.to_json()
    return {**said, "hint": known.hint, "problem_of": known.problem_of.value, "s_ago": _age(at, one.checked_at)}
