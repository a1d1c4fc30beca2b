"""The worker as a rig runs it: a process of its own from worker.pyz, spoken to over pipes."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer_core.pool.survivors import Pool
from scorer_core.rig import journal
from scorer_core.rig.protocol import MAX_LINE_BYTES, TrialResult, encode
from scorer_core.rig.threads import THREAD_LIMITS
from scorer_core.rig.worker import Origin, run_request
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import completed
from scorer_core.scoring.trial import TrialRequest, evaluate
from scorer_core.transport.bundle import Bundle
from tests.scorer_core.rig.workers import PATIENCE_S, RUN, Rig, Worker, alive, becomes, make_rig, report
from tests.support.pools import GOLDEN_POOL

pytestmark = pytest.mark.slow

PARAMS: dict[str, Any] = completed(
    {"residue_mod_1": 9, "residue_mod_2": 122, "residue_mod_3": 1367, "max_offset": 13}, MaskPolicy.MAX_OFFSET
)


def request(number: int = 32, size: int | None = 5000, **params: int) -> TrialRequest:
    return TrialRequest(number, {**PARAMS, **params}, size, MaskPolicy.MAX_OFFSET)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory, bundle: Bundle) -> Iterator[Worker]:
    """One worker for many bad requests: it has to bear them all."""
    rig = make_rig(tmp_path_factory.mktemp("rig") / "root", bundle, GOLDEN_POOL.read_bytes())
    with rig.serve() as worker:
        worker.receive()
        yield worker


def test_a_worker_says_who_it_is_and_goes_when_its_input_ends(rig: Rig) -> None:
    with rig.serve(gpu=3) as worker:
        kind, hello = worker.receive()

        assert kind == "hello"
        assert hello == {
            "worker_sha256": rig.worker_sha256,
            "pool_sha256": rig.pool_sha256,
            "gpu": 3,
            "rows": 6739,
            "pid": worker.pid,
            "host": socket.gethostname(),
            "python": platform.python_version(),
            "numpy": np.__version__,
        }
        assert worker.end_input() == 0
        assert worker.errors() == ""


def test_a_trial_is_answered_as_it_is_computed_here_and_is_in_the_journal(rig: Rig, golden_pool: Pool) -> None:
    asked = request()
    with rig.serve(gpu=3) as worker:
        worker.receive()
        answer = worker.ask(asked)

    assert answer.evaluation == evaluate(golden_pool, asked).to_json()
    assert answer.request == asked.to_json()
    assert (answer.trial_number, answer.node, answer.gpu) == (32, "rig-a", 3)
    assert (answer.worker_sha256, answer.pool_sha256) == (rig.worker_sha256, rig.pool_sha256)
    assert answer.started_at <= answer.finished_at
    assert answer.finished_at.endswith("+00:00")
    assert answer.seconds >= 0
    assert journal.read_run(rig.journal(3).parent) == [answer]
    assert stat.S_IMODE(rig.journal(3).stat().st_mode) == 0o600
    assert stat.S_IMODE(rig.journal(3).parent.stat().st_mode) == 0o700


def test_the_golden_answers_come_through_a_worker(rig: Rig, golden_vectors: list[dict[str, Any]]) -> None:
    with rig.serve() as worker:
        worker.receive()
        for vector in golden_vectors:
            params = dict(vector["params"])
            number, size = params.pop("optuna_trial_number"), params.pop("sample_size")
            asked = TrialRequest(number, params, size, MaskPolicy.MAX_OFFSET)
            answer = worker.ask(asked).evaluation
            assert answer["objective"] == pytest.approx(vector["objective"], abs=1e-6)
            assert (answer["subset_n"], answer["reason"]) == (vector["subset_n"], vector["reason"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\n", "not JSON"),
        (b"not json\n", "not JSON"),
        (b"\xff\xfe\x00\n", "not JSON"),
        (b"[1]\n", "JSON object with a type"),
        (b'{"type": "trial", "schema": 99}\n', "schema 99; this side speaks 1"),
        (encode("hello", {}), "answers trials, shards and permutations, not 'hello'"),
        (encode("trial", {"trial_number": 1}), "needs exactly the keys"),
        (encode("trial", request(max_offset=16).to_json()), "max_offset is 16"),
        (b'{"type": "trial", "schema": 1, "x": NaN}\n', "not JSON"),
        (b"[" * (MAX_LINE_BYTES - 1) + b"\n", "not JSON"),
        (b"[" * MAX_LINE_BYTES + b"\n", f"more than {MAX_LINE_BYTES} bytes"),
    ],
)
def test_a_bad_request_is_answered_with_an_error_and_the_next_good_one_with_a_result(
    patient: Worker, line: bytes, message: str
) -> None:
    patient.send(line)
    kind, body = patient.receive()

    assert (kind, set(body)) == ("error", {"message"})
    assert message in body["message"]
    assert patient.ask(request()).trial_number == 32


def test_an_endless_line_is_refused_in_pieces_and_no_memory_is_spent_on_it(rig: Rig) -> None:
    with rig.serve() as worker:
        worker.receive()
        worker.send(b"x" * (10 * MAX_LINE_BYTES) + b"\n")
        kinds = [worker.receive()[0] for _ in range(10)]

        assert kinds == ["error"] * 10
        assert worker.ask(request()).trial_number == 32


def journalled(rig: Rig, asked: TrialRequest, pool: Pool, gpu: int) -> TrialResult:
    """Write a result with an objective that no computation gives into a journal of the rig."""
    true = run_request(PoolScorer.of(pool), asked, Origin("rig-a", gpu, rig.worker_sha256, rig.pool_sha256))
    marked = dataclasses.replace(true, evaluation={**true.evaluation, "objective": 0.987654321})
    journal.append(rig.journal(gpu), marked)
    return marked


def test_a_known_request_is_answered_from_any_journal_of_the_run_and_not_computed_again(
    rig: Rig, golden_pool: Pool
) -> None:
    known = journalled(rig, request(), golden_pool, gpu=5)

    with rig.serve(gpu=3) as worker:
        worker.receive()
        assert worker.ask(request()) == known

    assert not rig.journal(3).exists()


def test_another_request_under_a_known_number_is_computed(rig: Rig, golden_pool: Pool) -> None:
    journalled(rig, request(), golden_pool, gpu=3)

    with rig.serve(gpu=3) as worker:
        worker.receive()
        answer = worker.ask(request(max_offset=12))

    assert answer.evaluation == evaluate(golden_pool, request(max_offset=12)).to_json()


def test_the_same_trial_asked_twice_is_journalled_once(rig: Rig) -> None:
    with rig.serve(gpu=3) as worker:
        worker.receive()
        first, again = worker.ask(request()), worker.ask(request())

    assert first == again
    assert len(rig.journal(3).read_bytes().splitlines()) == 1


def test_another_runs_journals_are_not_read(rig: Rig, golden_pool: Pool) -> None:
    known = journalled(rig, request(), golden_pool, gpu=3)

    with rig.serve(gpu=3, run_id="another run") as worker:
        worker.receive()
        assert worker.ask(request()).evaluation != known.evaluation


@pytest.mark.parametrize(
    ("vendor", "visible"), [("nvidia", {"CUDA_VISIBLE_DEVICES": "5"}), ("amd", {"ROCR_VISIBLE_DEVICES": "5"})]
)
def test_a_worker_sees_its_own_gpu_alone(rig: Rig, tmp_path: Path, vendor: str, visible: dict[str, str]) -> None:
    seen = tmp_path / "seen.json"
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, json, os\n"
        f"atexit.register(lambda: open({str(seen)!r}, 'w').write(json.dumps(dict(os.environ))))\n"
    )
    with rig.serve(gpu=5, vendor=vendor, PYTHONPATH=str(tmp_path), CUDA_VISIBLE_DEVICES="0,1,2") as worker:
        worker.receive()
        assert worker.end_input() == 0

    environ = json.loads(seen.read_text())
    names = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
    assert {name: environ[name] for name in names if name in environ} == visible


@pytest.mark.parametrize("given", [{}, {"OMP_NUM_THREADS": "2"}, {"MKL_NUM_THREADS": "3"}])
def test_a_worker_leaves_the_cores_to_its_neighbours_whatever_the_rig_says(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    """Seen when numpy is imported: later the libraries below it do not look again."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'numpy':\n"
        f"            print(*(os.environ.get(name) for name in {THREAD_LIMITS}), file=sys.stderr)\n"
        "sys.meta_path.insert(0, Watch())\n"
    )

    for name in THREAD_LIMITS:
        monkeypatch.delenv(name, raising=False)
    with rig.serve(gpu=5, PYTHONPATH=str(tmp_path), **given) as worker:
        worker.receive()
        if not given:
            threads = Path(f"/proc/{worker.pid}/task")
            assert becomes(lambda: len(list(threads.iterdir())) == 4), "its own, its leash's two and its heartbeat"
        assert worker.end_input() == 0
        assert worker.errors().split() == ["1", "1", "1"]


def test_a_retrys_worker_ends_the_one_that_the_first_attempt_left(rig: Rig) -> None:
    with rig.serve(gpu=3) as left, rig.serve(gpu=4) as neighbour:
        left.receive()
        neighbour.receive()
        with rig.serve(gpu=3) as retry:
            assert retry.receive()[0] == "hello"
            assert left.wait() == -signal.SIGKILL
            assert neighbour.ask(request()).gpu == 4


def test_a_gpu_held_by_another_run_is_busy_and_the_holder_goes_on(rig: Rig) -> None:
    with rig.serve(gpu=3) as holder:
        holder.receive()
        with rig.serve(gpu=3, run_id="another run") as second:
            assert second.wait() == 1
            said = report(second.errors())
        assert holder.ask(request()).gpu == 3

    assert said["error"] == "RigBusy"
    assert "gpu3.lock is held by another run's worker" in said["message"]


@pytest.mark.parametrize("what", ["worker", "pool"])
def test_an_altered_worker_or_pool_does_not_serve(rig: Rig, what: str) -> None:
    path = {"worker": rig.program, "pool": rig.pool}[what]
    path.write_bytes(path.read_bytes() + b"\0")

    with rig.serve() as worker:
        code, said = worker.wait(), report(worker.errors())

    assert code == 1
    assert said["error"] == "ChecksumMismatch"
    assert f"the {what} on the rig has SHA-256" in said["message"]


def test_no_worker_survives_the_process_that_started_it(rig: Rig) -> None:
    starter = (
        "import subprocess, sys, time\n"
        "worker = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "worker.stdout.readline()\n"
        "print(worker.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", starter, *rig.command()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert alive(worker)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(PATIENCE_S)

    assert becomes(lambda: not alive(worker))


def test_results_are_not_lost_when_a_worker_is_killed_and_a_torn_line_spoils_nothing(rig: Rig) -> None:
    with rig.serve(gpu=3) as worker:
        worker.receive()
        answered = [worker.ask(request(number, size=100)) for number in range(5)]
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    with rig.journal(3).open("ab") as stream:
        stream.write(b'{"type": "result", "schema": 1, "trial_nu')

    with rig.serve(gpu=3) as retry:
        retry.receive()
        answered.append(retry.ask(request(5, size=100)))
        assert [retry.ask(request(number, size=100)) for number in range(6)] == answered

    results, torn = journal.parse(rig.journal(3).read_bytes().splitlines())
    assert (results, torn) == (answered, 1)


def test_the_run_id_names_a_harmless_folder(rig: Rig) -> None:
    hostile = "../../x; touch /tmp/y `id` $(id)\n"
    with rig.serve(run_id=hostile) as worker:
        worker.receive()
        worker.ask(request())

    runs = Path(rig.paths.root) / "runs"
    assert [folder.parent for folder in runs.iterdir()] == [runs]
    assert RUN not in {folder.name for folder in runs.iterdir()}
