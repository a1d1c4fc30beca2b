"""docker-compose.yaml and the systemd units: accepted by Compose and systemd, without any secret of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator

from tests.support.needs import require_program

ROOT = Path(__file__).parents[1]
COMPOSE_FILE = ROOT / "docker-compose.yaml"
SCHEMA = Path("/usr/lib/python3/dist-packages/compose/config/compose_spec.json")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
SECRET = re.compile(r"(PASSWORD|SECRET|FERNET_KEY|RIG_\w+_KEY)")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what Compose reads, without what docker/init writes."""
    shutil.copytree(ROOT / "docker", tmp_path / "docker")
    shutil.copy(COMPOSE_FILE, tmp_path)
    return tmp_path


def config(checkout: Path) -> subprocess.CompletedProcess[str]:
    program = require_program("docker-compose")
    command = [str(program), "--profile", "sim", "--profile", "demo", "--profile", "tools", "config"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True)


def init(checkout: Path) -> str:
    require_program("ssh-keygen")
    return subprocess.run(["docker/init"], cwd=checkout, capture_output=True, text=True, check=True).stdout


def test_without_init_nothing_starts_and_the_message_says_what_to_run(checkout: Path) -> None:
    done = config(checkout)

    assert done.returncode != 0
    assert "run make compose-init" in done.stderr


def test_with_it_debian_s_compose_accepts_the_file_and_every_profile(checkout: Path) -> None:
    init(checkout)

    done = config(checkout)

    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == set(SERVICES)


def test_the_file_fits_the_compose_specification() -> None:
    require_program("docker-compose")

    schema = json.loads(SCHEMA.read_text())
    Draft201909Validator.check_schema(schema)
    Draft201909Validator(schema).validate(yaml.safe_load(COMPOSE_FILE.read_text()))


def test_what_init_writes_is_for_its_owner_alone_and_never_written_again(checkout: Path) -> None:
    init(checkout)
    secrets = [checkout / ".env", checkout / ".compose" / "ssh_key"]
    before = [path.read_bytes() for path in secrets]

    told = init(checkout)

    assert [path.stat().st_mode & 0o777 for path in secrets] == [0o600, 0o600]
    assert [path.read_bytes() for path in secrets] == before
    assert "nothing was changed" in told


def test_two_installations_share_no_secret(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(ROOT / "docker", other / "docker")
    values = []
    for folder in (checkout, other):
        init(folder)
        lines = (folder / ".env").read_text().splitlines()
        values.append({line.split("=", 1)[1] for line in lines if SECRET.search(line.partition("=")[0])})

    assert len(values[0]) == 13
    assert values[0] & values[1] == set()


def test_no_secret_has_a_default() -> None:
    used = re.findall(r"\$\{(\w+)(:[-?][^}]*)?\}", COMPOSE_FILE.read_text())
    secrets = {(name, rest) for name, rest in used if SECRET.search(name)}

    assert len({name for name, _ in secrets}) >= 10
    assert [found for found in secrets if found[1].startswith(":-")] == []
    demanded = {name for name, rest in secrets if rest.startswith(":?")}
    assert {name for name, _ in secrets} == demanded


def test_the_repository_knows_no_password() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z", "docker*", "deploy"], cwd=ROOT, capture_output=True, check=True)
    files = [ROOT / name for name in tracked.stdout.decode().split("\0") if name]
    given = re.compile(r"(?i)(password|secret|fernet_key)\w*\s*[:=]\s*['\"]?[a-z0-9+/_-]{4,}['\"]?\s*$", re.MULTILINE)

    assert len(files) > 10
    assert {path.name: given.findall(path.read_text()) for path in files if given.search(path.read_text())} == {}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_has_limits_and_none_can_become_root(name: str) -> None:
    service = SERVICES[name]

    assert (service["cap_drop"], service["read_only"]) == (["ALL"], True)
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert "mem_limit" in service or name in ("init", "demo")


def test_workers_have_room_for_all_lanes_and_take_no_more_than_they_run() -> None:
    environ = SERVICES["worker-1"]["environment"]
    each = int(environ["AIRFLOW__CELERY__WORKER_CONCURRENCY"].removesuffix("}").rpartition(":-")[2])
    rigs = [service["environment"]["RIG_GPUS"] for name, service in SERVICES.items() if name.startswith("rig-")]

    assert 2 * each >= sum(int(gpus.partition(":")[2]) for gpus in rigs) + 4
    assert environ["AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER"] == "1"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    analyze = require_program("systemd-analyze")
    program = tmp_path / "program"  # what a unit starts has to exist
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for other in UNITS:
        (tmp_path / other.name).write_text(
            re.sub(r"^ExecStart=\S+", f"ExecStart={program}", other.read_text(), flags=re.M)
        )

    done = subprocess.run([analyze, "verify", tmp_path / unit.name], capture_output=True, text=True)

    assert (done.returncode, [line for line in done.stderr.splitlines() if "scorer-" in line]) == (0, [])
