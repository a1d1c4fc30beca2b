"""What every service of docker-compose.yaml keeps to, looked at from outside and from its own inside."""

from __future__ import annotations

import json

import pytest

from tests.docker.stack import PORT, WITH_HEALTH, Stack

AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker-1", "worker-2")


@pytest.mark.parametrize("service", WITH_HEALTH)
def test_no_service_runs_as_root_or_can_write_its_own_code(stack: Stack, service: str) -> None:
    host = stack.inspect(service)["HostConfig"]

    assert stack.compose("exec", "-T", service, "id", "-u").strip() != "0"
    assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
    assert host["Memory"] > 0


def test_what_is_reached_from_outside_is_reached_from_this_machine_alone(stack: Stack) -> None:
    bound = {
        (service, port["HostIp"], port["HostPort"])
        for service in WITH_HEALTH
        for ports in (stack.inspect(service)["NetworkSettings"]["Ports"] or {}).values()
        for port in ports or ()
    }

    assert bound == {("api-server", "127.0.0.1", PORT)}


def test_the_api_server_may_read_the_ledger_and_change_nothing(stack: Stack) -> None:
    script = """
import os, sqlalchemy as sa
engine = sa.create_engine(os.environ["SCORER_DATABASE_URL"])
with engine.connect() as connection:
    print(connection.scalar(sa.text("SELECT count(*) FROM scorer_runs")))
delete = "DELETE FROM scorer_runs"
for forbidden in (delete, "SET TRANSACTION READ WRITE; " + delete, "CREATE TABLE t ()"):
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(forbidden))
        print("allowed", forbidden)
    except sa.exc.DBAPIError as error:
        print(type(error.orig).__name__)
"""
    told = stack.compose("exec", "-T", "api-server", "python", "-c", script).split()

    assert told[1:] == ["ReadOnlySqlTransaction", "InsufficientPrivilege", "ReadOnlySqlTransaction"]


@pytest.mark.parametrize("folder", ["runs", "published"])
def test_the_api_server_cannot_write_runs_and_published_config(stack: Stack, folder: str) -> None:
    done = stack.compose("exec", "-T", "api-server", "sh", "-c", f"touch /srv/scorer/{folder}/x || echo refused")

    assert done.strip() == "refused"


def test_init_may_run_several_times_at_once_and_again(stack: Stack) -> None:
    before = stack.sql("SELECT version_num FROM scorer_schema")
    stack.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION scorer")
    upgrade = "for i in 1 2 3 4; do scorer db upgrade --if-needed & done; for job in $(jobs -p); do wait $job; done"

    stack.compose("run", "--rm", "-T", "--no-deps", "--entrypoint", "bash", "init", "-ec", upgrade)
    stack.compose("run", "--rm", "-T", "--no-deps", "init")

    assert stack.sql("SELECT version_num FROM scorer_schema") == before


def test_a_worker_without_the_volume_of_the_runs_says_so_at_once(stack: Stack) -> None:
    stack.sql(
        "INSERT INTO scorer_runs (run_id, spec, worker_sha256, pool_sha256, pool_content, folder, created_at) "
        "VALUES ('elsewhere', '{}', '', '', '', '/srv/scorer/runs/elsewhere', now())"
    )
    script = "from scorer_core.context import RunContext; RunContext.load('elsewhere')"
    told = stack.compose("exec", "-T", "worker-2", "sh", "-c", f'python -c "{script}" 2>&1 || true')
    stack.sql("DELETE FROM scorer_runs WHERE run_id = 'elsewhere'")

    assert "RunError: worker-2 does not see run elsewhere" in told
    assert "Mount the volume of SCORER_RUNS_DIR" in told


def test_airflow_s_role_does_not_get_at_the_ledger(stack: Stack) -> None:
    allowed = stack.sql(
        "SELECT has_database_privilege(r, 'scorer', 'CONNECT') FROM unnest('{airflow,scorer}'::name[]) r"
    )

    assert allowed.split() == ["f", "t"]


def test_all_of_airflow_shares_one_secret_of_each_kind(stack: Stack) -> None:
    names = ("AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__CORE__FERNET_KEY")
    secrets = set()
    for service in AIRFLOW:
        environ = dict(entry.split("=", 1) for entry in stack.inspect(service)["Config"]["Env"])
        secrets.add(json.dumps([environ[name] for name in names]))

    assert len(secrets) == 1
