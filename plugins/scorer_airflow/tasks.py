"""The tasks that run on the head: each turns an Airflow context into one call on `scorer_core.steps`.

Every mapped task parses the DAG anew, so what only one task needs is imported in that task: SciPy
and Optuna at the top would cost 26 lanes a second of processor time each.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import Any

from airflow.sdk import Asset, task
from airflow.sdk.exceptions import AirflowSkipException

from scorer_airflow.notifier import at_the_end
from scorer_airflow.operators.shown import shown
from scorer_core.context import RunContext
from scorer_core.errors import RunNotFound
from scorer_core.notify import Event

log = logging.getLogger(__name__)

POOL_ASSET = Asset(name="survivor_pool", uri="scorer://step1/bidirectional_survivors")
CONFIG_ASSET = Asset(name="optimal_scorer_config", uri="scorer://step2/optimal_scorer_config")

NO_RUN = "prepare_run made no run, and its log says why: there is nothing to do here"


def _run_of(context: dict[str, Any]) -> RunContext:
    """Return the run of a task that runs whatever happened before it.

    Raises:
        AirflowSkipException: there is none. The one red task is prepare_run.
    """
    try:
        return RunContext.load(context["run_id"])
    except RunNotFound:
        raise AirflowSkipException(NO_RUN) from None


@task(retries=0)
def prepare_run(**context: Any) -> list[str]:
    """Check conf, pool and inventory, make run folder and tickets; return the names of the nodes."""
    from scorer_airflow.notifiers import made
    from scorer_airflow.placement import refuse_too_little_room
    from scorer_core.inventory import load_inventory
    from scorer_core.settings import load_settings
    from scorer_core.steps.prepare_run import prepare_run as prepare

    settings = load_settings()
    for whom in settings.notify:
        made(whom)
    nodes = load_inventory(settings.cluster_file, settings.transport).nodes
    refuse_too_little_room(settings, sum(node.slots for node in nodes))
    conf = {**context["params"], **(context["dag_run"].conf or {})}
    run = prepare(settings, context["run_id"], conf)
    log.info("run folder %s, spec %s", run.files.location, json.dumps(run.spec.to_record()))
    return [node.name for node in run.inventory().nodes]


@task(trigger_rule="all_done", retries=0)
def gpu_slots(**context: Any) -> list[dict[str, Any]]:
    """Return one slot for each verified GPU of the nodes that were deployed."""
    from scorer_core.ledger.drains import active_drains
    from scorer_core.steps.gpu_slots import gpu_slots as plan

    run = _run_of(context)
    reports = context["ti"].xcom_pull(task_ids=["deploy_worker"])
    healthy = {report["node"]: report["trial_timeout_s"] for report in reports if report}
    slots = plan(run.inventory(), healthy, run.spec.min_gpus, active_drains(run.ledger.engine))
    run.ledger.expect_lanes(run.run_id, slots)
    log.info("%d slots on %s", len(slots), ", ".join(sorted(healthy)))
    return [asdict(slot) for slot in slots]


@task(trigger_rule="all_done", **at_the_end(Event.RIG_OUT))
def collect(**context: Any) -> dict[str, Any]:
    """Reconcile journals, ledger and study of record."""
    from scorer_airflow.told import of_collected, tell
    from scorer_core.steps.collect import collect as reconcile

    run = _run_of(context)
    collected = reconcile(run, run.inventory())
    tell(log, of_collected(collected))
    return collected.to_json()


@shown(retries=0, **at_the_end(Event.VERDICT))
def quality_gate(**context: Any) -> str:
    """Decide; a verdict without enrichment, as REJECT, ends this task as SCORER_REFUSED says, the reasons in its log.

    It ends by its exit code: an exception would end the log with a traceback, and a verdict is no crash.
    """
    from scorer_airflow.told import of_checks, tell
    from scorer_core.gate.verdict import row_of
    from scorer_core.refused import Refused
    from scorer_core.steps.quality_gate import quality_gate as decide

    run = RunContext.load(context["run_id"])
    decision = decide(run)
    tell(log, of_checks(decision))
    row = row_of(decision.verdict)
    fails = not row.enriched and run.settings.refused is Refused.FAILED
    log.log(logging.ERROR if fails else logging.INFO, "%s: %s", decision.verdict.value, decision.reason)
    if fails:
        raise SystemExit(row.exit_code)
    return decision.verdict.value


@shown(outlets=[CONFIG_ASSET])
def publish(**context: Any) -> dict[str, Any]:
    """Replace the published config; skipped when the champion stays, or the gate let a refused run go on."""
    from scorer_core.gate.verdict import Verdict, row_of
    from scorer_core.refused import Refused
    from scorer_core.steps.publish import publish as replace
    from scorer_core.steps.publish import read_verdict

    run = RunContext.load(context["run_id"])
    verdict = read_verdict(run)
    if verdict is Verdict.KEEP_CHAMPION:
        raise AirflowSkipException("the published config stays: the candidate does not beat it")
    if verdict is not None and not row_of(verdict).enriched and run.settings.refused is Refused.SKIPPED:
        raise AirflowSkipException(f"{verdict.value}: nothing is published")
    published = replace(run)
    before = f"the one before it is {published.archived}" if published.archived else "there was none before it"
    log.info("published as %s; %s", published.config, before)
    return published.to_json()


@shown(trigger_rule="all_done", **at_the_end(Event.RIG_OUT, Event.VERDICT))
def report(**context: Any) -> str:
    """Write report.html and summary.json, whatever happened; skipped when there was no run at all."""
    from scorer_core.steps.report import report as write

    where = write(_run_of(context))
    log.info("the report is %s", where)
    return where


@task(retries=0)
def look_at_fleet() -> dict[str, str]:
    """Check every node between runs; return what is wrong with those that do not pass, by name."""
    from scorer_core.context import open_ledger
    from scorer_core.inventory import load_inventory
    from scorer_core.settings import load_settings
    from scorer_core.steps.look_at_fleet import look_at_fleet as look
    from scorer_core.transport.registry import find

    settings = load_settings()
    inventory = load_inventory(settings.cluster_file, settings.transport)
    checks = look(inventory, find(settings.transport).connect, open_ledger(settings))
    return {one.node.name: str(one.error) for one in checks if one.error is not None}
