"""Given documents that are almost right: what reads them takes them, or says in one typed error why not.

`make fuzz` runs these for a minute each, `make test` for some hundred examples.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from pydantic import BaseModel

from scorer_core.conf import RunConf
from scorer_core.errors import InputError, RequestError, RigUnfit, RunError, SettingsError, SpecError
from scorer_core.inventory import load_inventory
from scorer_core.ledger.records import run_record, ticket_record
from scorer_core.ledger.tables import RunRow, TicketRow
from scorer_core.pool.files import npz_bytes
from scorer_core.pool.survivors import pool_from_bytes, pool_from_columns
from scorer_core.report.figures.trials import draw_lanes, draw_objective
from scorer_core.report.gathered import Gathered
from scorer_core.rig.protocol import AnyRequest, decode, decode_request
from scorer_core.run.folder import RunFiles
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import completed
from scorer_core.scoring.sweep.batches import PermutationRequest, Permuted
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.scoring.trial import TrialRequest
from scorer_core.settings import load_settings
from scorer_core.spec import RunSpec
from scorer_core.transport.answers import Present, Probe, Removed, TableMade, TableProgress, read
from scorer_core.transport.claims import Lease, checked_claim, checked_hello
from scorer_core.transport.journals import Journals
from sim.pools import PoolKind, make_pool
from tests.fuzz.mutations import TEXTS, VALUES, mutated

POOL = pool_from_columns(make_pool(PoolKind.PLANTED, 500, seed=1), where="pool")
SCORER = PoolScorer.of(POOL)
POLICY = MaskPolicy.MAX_OFFSET
PARAMS = completed({"residue_mod_1": 9, "residue_mod_2": 100, "residue_mod_3": 1000, "max_offset": 9}, POLICY)
SHA = "a" * 64
SSH = {"host": "h", "port": 22, "user": "u", "key": "/k", "host_key": "ssh-ed25519 AAAA"}
NODE: dict[str, Any] = {"name": "rig-a", "ssh": SSH}
NODE |= {"python": "/usr/bin/python3", "root": "/srv/scorer", "gpu": {"vendor": "nvidia", "count": 2}, "threads": 1}


def answer(request: AnyRequest) -> tuple[dict[str, Any], Lease]:
    """Return an honest answer, as it comes off the wire, and the lease that it answers."""
    evaluation = Permuted([7.5, 0.0]) if isinstance(request, PermutationRequest) else SCORER.answer(request)
    body = {
        "trial_number": request.trial_number,
        "request": request.to_json(),
        "evaluation": evaluation.to_json(),
        "node": "rig-a",
        "gpu": 0,
        "worker_sha256": SHA,
        "pool_sha256": SHA,
        "started_at": "2026-01-01T00:00:00+00:00",
        "finished_at": "2026-01-01T00:00:01+00:00",
        "seconds": 1.0,
    }
    return json.loads(json.dumps(body)), Lease(request, "rig-a", 0, SHA, SHA)


TRIAL, TRIAL_LEASE = answer(TrialRequest(3, PARAMS, None, POLICY))
SHARD, SHARD_LEASE = answer(ShardRequest(5, shard_params(POLICY, 5, {"residue_mod_1": 9, "max_offset": 9}), POLICY))
BATCH, BATCH_LEASE = answer(PermutationRequest(1, POLICY, 7, True, 20, 2))
HELLO: dict[str, Any] = {"worker_sha256": SHA, "pool_sha256": SHA, "gpu": 0, "rows": 5, "pid": 1, "host": "h"}
HELLO |= {"python": "3.11.2", "numpy": "2.4.6"}
CONF: dict[str, Any] = {"search": "sweep", "sample_size": 450, "fixed_params": {"residue_mod_1": 9}}
CONF |= {"min_lift": 1.1, "min_gpus": 1}


HONEST = {"trial": (TRIAL, TRIAL_LEASE), "shard": (SHARD, SHARD_LEASE), "batch": (BATCH, BATCH_LEASE)}


@pytest.mark.parametrize(("body", "lease"), HONEST.values(), ids=HONEST)
def test_the_honest_answer_is_taken(body: dict[str, Any], lease: Lease) -> None:
    assert checked_claim(body, lease).evaluation == body["evaluation"]


@given(body=mutated(TRIAL))
def test_a_claim_of_a_trial_is_taken_whole_or_refused(body: Any) -> None:
    _taken_or_refused(body, TRIAL_LEASE)


@given(body=mutated(SHARD))
def test_a_claim_of_a_shard_is_taken_whole_or_refused(body: Any) -> None:
    _taken_or_refused(body, SHARD_LEASE)


@given(body=mutated(BATCH))
def test_a_claim_of_a_batch_is_taken_whole_or_refused(body: Any) -> None:
    _taken_or_refused(body, BATCH_LEASE)


def _taken_or_refused(body: Any, lease: Lease) -> None:
    if not isinstance(body, dict):
        return
    result = _only(RequestError, checked_claim, body, lease)
    if result is not None:
        assert result.request == lease.request.to_json()
        json.dumps(result.evaluation, allow_nan=False)


@given(body=mutated(HELLO))
def test_a_hello_is_taken_or_refused(body: Any) -> None:
    if isinstance(body, dict):
        _only(RequestError, checked_hello, body)


@given(line=st.one_of(mutated(TRIAL).map(lambda body: json.dumps(body).encode()), st.binary(max_size=200)))
def test_a_line_of_the_protocol_is_a_message_or_refused(line: bytes) -> None:
    found = _only(RequestError, decode, line)
    if found is not None:
        _only(RequestError, decode_request, *found)


@given(request=mutated(BATCH["request"]))
def test_a_request_for_permutations_is_taken_or_refused(request: Any) -> None:
    if isinstance(request, dict):
        _only(RequestError, decode_request, "permutations", request)


@given(text=st.one_of(mutated(TRIAL).map(lambda body: json.dumps(body)), st.text(max_size=200)))
def test_a_journals_line_is_an_answer_or_counted(text: str) -> None:
    journals = Journals()

    journals.take(text, lambda number: TRIAL_LEASE if number == 3 else None)

    assert len(journals.results) + journals.torn + journals.refused == 1


@given(conf=mutated(CONF))
def test_a_conf_is_taken_or_refused(conf: Any) -> None:
    if isinstance(conf, dict):
        _only(InputError, RunConf.checked, conf)


@given(document=mutated({"nodes": [NODE, {**NODE, "name": "rig-b", "root": "/srv/b"}]}))
def test_an_inventory_is_taken_or_refused(document: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_text(yaml.safe_dump(_writable(document)), encoding="utf-8")

    _only(InputError, load_inventory, path, "ssh")


@given(
    text=st.one_of(
        st.text(max_size=60), st.sampled_from(["[" * 3000, "a: &a [*a]", "? {a: b}\n: c", "nodes: 2026-13-45"])
    )
)
def test_a_file_that_is_no_inventory_is_refused(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))

    _only(InputError, load_inventory, path, "ssh")


@given(
    environ=st.dictionaries(
        st.sampled_from(["SCORER_HOME", "SCORER_KEEP_DAYS", "SCORER_VERIFY", "SCORER_SCHEDULE"]), TEXTS
    )
)
def test_an_environment_is_taken_or_refused(environ: dict[str, str]) -> None:
    _only(SettingsError, load_settings, environ)


@given(content=st.one_of(st.binary(max_size=300), VALUES.map(lambda value: json.dumps(value).encode())))
@pytest.mark.parametrize("name", ["pool.npz", "pool.json"])
def test_a_pools_file_is_taken_or_refused(name: str, content: bytes) -> None:
    _only(InputError, pool_from_bytes, content, name)


ARCHIVE = npz_bytes({"seeds": POOL.seeds[:40], "skip_mode": POOL.minority[:40], "trial_number": POOL.trial_number[:40]})


@given(changes=st.lists(st.tuples(st.integers(0, len(ARCHIVE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_pools_archive_with_wrong_bytes_is_taken_or_refused(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(ARCHIVE)
    for place, value in changes:
        damaged[place] = value

    _only(InputError, pool_from_bytes, bytes(damaged), "pool.npz")


RECORDS = [{"seeds": 5 + n, "skip_mode": "variable" if n % 3 else "constant", "trial_number": n % 4} for n in range(6)]


@given(records=mutated(RECORDS))
def test_a_pools_records_are_taken_or_refused(records: Any) -> None:
    assert len(pool_from_bytes(json.dumps(RECORDS).encode(), "pool.json")) == len(RECORDS)

    _only(InputError, pool_from_bytes, json.dumps(records).encode(), "pool.json")


PRESENT: dict[str, Any] = {"present": [True, False], "free": 10**11}
PROBE: dict[str, Any] = {"gpus": 2, "gpu_source": "nvidia-smi", "python": "3.11.2", "python_fits": True, "cores": 8}
PROBE |= {"numpy": "2.4.6", "numpy_fits": True, "numpy_error": None}
ANSWERS: dict[type[BaseModel], dict[str, Any]] = {
    Present: PRESENT,
    Probe: PROBE,
    TableMade: {"bytes": 10**9, "made": True},
    TableProgress: {"progress": "half of it"},
    Removed: {"runs": ["a", "b"], "pools": []},
}


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_a_node_prints_while_it_is_deployed_to_is_an_answer_or_refused(
    kind: type[BaseModel], data: st.DataObject
) -> None:
    assert read("rig-a", ANSWERS[kind], "a step", kind) is not None

    taken = _only(RigUnfit, read, "rig-a", data.draw(mutated(ANSWERS[kind]) | VALUES), "a step", kind)

    if taken is not None:
        assert "\x1b" not in str(taken.model_dump())


SPEC = RunSpec.from_conf({"fixed_params": {"residue_mod_1": 9}}).to_record()
FIRST_SPEC: dict[str, Any] = {"version": 1, "search": "tpe", "n_trials": 100, "mask_policy": "max_offset", "seed": 1}


@given(record=mutated(SPEC) | mutated(FIRST_SPEC) | VALUES)
def test_a_ledgers_row_of_a_run_is_read_or_refused(record: Any) -> None:
    row = RunRow(run_id="run-1", spec=record, worker_sha256=SHA, pool_sha256=SHA, pool_content=SHA, folder="/f")

    _only(SpecError, run_record, row)


@given(
    result=mutated({name: TRIAL[name] for name in TRIAL if name != "type"}), state=st.sampled_from(["done", "", "lost"])
)
def test_a_ledgers_row_of_a_ticket_is_read_or_refused(result: Any, state: str) -> None:
    row = TicketRow(run_id="run-1", number=3, state=state, attempts=1, params=PARAMS, result=result)

    _only(RunError, ticket_record, row)


LINE: dict[str, Any] = Trial(number=3, state=TicketState.FAILED, params=PARAMS, error="x").to_json() | {
    name: TRIAL[name] for name in TRIAL if name not in ("type", "trial_number", "request", "evaluation")
}
LINE |= {**TRIAL["evaluation"], "sample_size": None, "mask_policy": POLICY.value, "state": "done"}


@given(record=mutated(LINE))
def test_a_line_of_trials_jsonl_is_shown_or_named(record: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    files = RunFiles.at(tmp_path_factory.getbasetemp() / "fuzz-run")
    files.trials.write_bytes(json.dumps(record).encode())
    gathered = Gathered()

    trials = gathered.trials(files.trials)

    assert len(trials) + len(gathered.unreadable) == 1
    if trials:
        draw_objective(Figure().add_subplot(), trials, None) if trials[0].has_result else None
        draw_lanes(Figure().add_subplot(), [one for one in trials if one.has_result])


def _only(kind: type[Exception], parser: Callable[..., Any], *inputs: Any) -> Any:
    """Return what a parser makes of its input, None where it refuses it in the one way that it should."""
    try:
        return parser(*inputs)
    except kind as error:
        told = str(error)
    assert told
    return None


def _writable(value: Any) -> Any:
    """Return a document that YAML can hold: without lone surrogates, numbers of any size as text."""
    if isinstance(value, dict):
        return {_writable(key): _writable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_writable(one) for one in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return str(value) if isinstance(value, int) and abs(value) > 2**70 else value
