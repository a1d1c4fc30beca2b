"""`make cluster-trial`: the README's own steps "On a real cluster", with real SSH servers and a real scheduler.

The first, the installation, is what the Makefile's own rule for `.venv` does, and is not done twice.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from sim.demo.interrupts import end_once
from sim.rigs.ports import ReservedPort
from tests.support.sshd import OpenSshServer
from tests.trial.readme import README, Words, blocks
from tests.trial.shell import Shell, StepFailed

ROOT = README.parent
NAMES = ("head", "rig-6600", "rig-6600b", "rig-6600c")


def main() -> None:
    """Walk the steps; exit code 0 when the first run published. What the steps started is killed at the end."""
    end_once()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cluster-trial-") as folder, ExitStack() as stack:
        try:
            _walk(Path(folder), stack)
        except StepFailed as error:
            sys.exit(str(error))
    print(f"\nThe README's steps led to a published config, {time.monotonic() - started:.0f} s.")


def _walk(folder: Path, stack: ExitStack) -> None:
    rigs = [stack.enter_context(OpenSshServer(folder / name, name, gpus=1)) for name in NAMES]
    ports = [ReservedPort() for _ in range(2)]
    for port in ports:
        stack.callback(port.close)
    home = folder / "srv"
    words = words_of(home, rigs, ports[0].number)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SCORER_", "AIRFLOW"))}
    environ |= {"HOME": str(folder), "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(ports[1].number)}
    shell = stack.enter_context(Shell(ROOT, environ))
    install, *steps = (one for one in blocks(README.read_text(encoding="utf-8")) if one.language == "sh")
    words.of(install)
    for block in steps:
        began = time.monotonic()
        code = words.of(block)
        said = shell.type(code)
        print(f"\n$ {code}\n{said}\n# {time.monotonic() - began:.1f} s", flush=True)
        if "cluster.example.yaml" in code:
            write_inventory(home / "cluster.yaml", home / "ssh_key", rigs, said.splitlines())
    _see_the_verdict(shell)
    _see_the_other_runs(shell)
    print(f"# {shell.cpu_s():.0f} s of processors for what the steps started")
    if words.unused:
        raise StepFailed(f"the README no longer says: {', '.join(sorted(words.unused))}. Mend {__name__}.")


def words_of(home: Path, rigs: list[OpenSshServer], port: int) -> Words:
    """Return what is put otherwise: where things are, the port of the UI, and for each rig how it is reached."""
    known = f"-o StrictHostKeyChecking=accept-new -o UserKnownHostsFile={home.parent / 'known_hosts'}"
    nodes = [
        {
            "ssh-copy-id ": "ssh-copy-id -f ",  # the key that lets it in would pass for the new one
            "-p 22 scorer@rig-6600": f"-p {rig.port} -o IdentityFile={rig.key} {known} {rig.user}@{rig.host}",
            "-p 22 -t ed25519 rig-6600": f"-p {rig.port} -t ed25519 {rig.host}",
        }
        for rig in rigs
    ]
    pairs = {"/srv/scorer": str(home), "8080": str(port), "python3.11": sys.executable}
    if shutil.which("sudo") is None or os.geteuid() == 0:
        pairs["sudo "] = ""
    return Words(pairs, nodes)


def write_inventory(path: Path, key: Path, rigs: list[OpenSshServer], host_keys: list[str]) -> None:
    """Fill the copy of the example in, as its comments say: what is marked REPLACE, and a GPU each."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for node, rig, host_key in zip(document["nodes"], rigs, host_keys, strict=True):
        node["ssh"] = {"host": rig.host, "port": rig.port, "user": rig.user, "key": str(key), "host_key": host_key}
        node |= {"python": sys.executable, "root": str(rig.home / "scorer"), "gpu": {"vendor": rig.vendor, "count": 1}}
        node.pop("max_concurrent", None)
    path.write_text(yaml.safe_dump(document), encoding="utf-8")


def _see_the_verdict(shell: Shell) -> None:
    runs = json.loads(shell.type(".venv/bin/scorer runs --json"))
    first = next(run for run in runs if run["run_id"] == "first")
    if (first["verdict"], first["published"]) != ("PUBLISH", True):
        raise StepFailed(f"the first run ended otherwise than a planted pool must: {first}")


def _see_the_other_runs(shell: Shell) -> None:
    """See that each way to trigger a run was heard, and that nothing else made one, such as a schedule.

    An event of the asset waits for its run while others are before it.
    """
    dag = '"$AIRFLOW_URL/api/v2/dags/scorer_meta_optimizer/{}" -H "Authorization: Bearer $TOKEN"'
    runs = [one["run_type"] for one in json.loads(shell.type(f"curl -sf {dag.format('dagRuns')}"))["dag_runs"]]
    events = json.loads(shell.type(f"curl -s {dag.format('assets/queuedEvents')}")).get("queued_events", [])
    if runs.count("manual") != 3 or runs.count("asset_triggered") + len(events) != 1 or "scheduled" in runs:
        raise StepFailed(f"other runs than were asked for: {runs}, and {len(events)} events that wait")


if __name__ == "__main__":
    main()
