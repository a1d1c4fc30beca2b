"""`evaluate` answers one JSON line for each JSON line, in order, at once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from scorer_core.scoring.trial import TrialRequest, evaluate
from tests.scorer_core.cli.installation import Installation, the_only_line
from tests.support.pools import GOLDEN_POOL, small_columns, write_json, write_npz

ANSWER = {
    *("objective", "subset_n", "keep", "enrich", "p_global", "p_sub", "coverage"),
    *("size_penalty", "reason", "counts", "pass_rates", "blind"),
}
PARAMS = completed(
    {"residue_mod_1": 9, "residue_mod_2": 100, "residue_mod_3": 1000, "max_offset": 9}, MaskPolicy.MAX_OFFSET
)


def a_request(**changed: Any) -> dict[str, Any]:
    return {"trial_number": 0, "params": PARAMS, "sample_size": None, "mask_policy": "max_offset", **changed}


def as_lines(*requests: object) -> str:
    return "".join(json.dumps(request) + "\n" for request in requests)


def golden_request(vector: dict[str, Any]) -> dict[str, Any]:
    params = dict(vector["params"])
    number, sample_size = params.pop("optuna_trial_number"), params.pop("sample_size")
    return a_request(trial_number=number, params=completed(params, MaskPolicy.MAX_OFFSET), sample_size=sample_size)


def test_the_old_systems_answers_come_back_from_one_process_in_order(
    installation: Installation, golden_vectors: list[dict[str, Any]]
) -> None:
    requests = as_lines(*(golden_request(vector) for vector in golden_vectors))

    done = installation.process("evaluate", "--pool", GOLDEN_POOL, "--requests", "-", stdin=requests.encode())

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr, len(answers)) == (0, b"", 80)
    for answer, vector in zip(answers, golden_vectors, strict=True):
        assert set(answer) == ANSWER
        assert answer["objective"] == pytest.approx(vector["objective"], abs=1e-6, rel=0)
        assert (answer["subset_n"], answer["reason"]) == (vector["subset_n"], vector["reason"])


def test_an_answer_does_not_wait_for_the_next_request(installation: Installation) -> None:
    command = installation.command("evaluate", "--pool", GOLDEN_POOL)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=installation.environ()) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in (3, 1):
            process.stdin.write(as_lines(a_request(trial_number=number, sample_size=450)).encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["reason"] == "ok"
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_a_reader_that_goes_away_is_no_error(installation: Installation) -> None:
    requests = as_lines(*([a_request()] * 2000))  # more than a pipe holds
    command = installation.command("evaluate", "--pool", GOLDEN_POOL)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=installation.environ()) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(requests[: len(requests) // 2000].encode())
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        try:
            process.stdin.write(requests.encode())
            process.stdin.close()
        except BrokenPipeError:
            pass  # it ended before it had read all of them
        assert process.stderr.read() == b""
        process.wait(timeout=30)


@pytest.mark.parametrize("sample_size", [6738, 6739, 6740, 10**9, None])
def test_a_sample_as_large_as_the_pool_or_larger_works(
    installation: Installation, golden_pool: Pool, sample_size: int | None
) -> None:
    request = a_request(sample_size=sample_size, trial_number=7)

    done = installation.scorer("evaluate", "--pool", GOLDEN_POOL, stdin=as_lines(request))

    expected = evaluate(golden_pool, TrialRequest.from_json(request))
    assert json.loads(done.stdout) == expected.to_json()


def test_requests_may_be_in_a_file_and_empty_lines_are_none(installation: Installation, tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    policy = a_request(params={**PARAMS, "keep_fraction": 0.3}, mask_policy="keep_fraction")
    requests.write_text("\n" + as_lines(a_request(), policy) + "  \n\n")

    done = installation.scorer("evaluate", "--pool", GOLDEN_POOL, "--requests", requests)

    kept = [json.loads(line)["keep"] for line in done.stdout.splitlines()]
    assert (done.exit_code, len(kept)) == (0, 2)
    assert kept[0] < kept[1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON (Expecting property name"),
        ("[" * 100_000, "not JSON ("),
        ("\x00\udcff", "not JSON ("),
        ("[]", "a trial request must be a JSON object."),
        (json.dumps(a_request(sampel_size=3)), "a trial request needs exactly the keys"),
        (json.dumps(a_request(trial_number=-1)), "trial_number is -1;"),
        (json.dumps(a_request(sample_size=0)), "sample_size is 0;"),
        (json.dumps(a_request(mask_policy="all")), "mask_policy 'all' is not known"),
        (json.dumps(a_request(params={**PARAMS, "max_offset": float("nan")})), "parameter max_offset is nan;"),
        (json.dumps(a_request(params={"residue_mod_1": 9})), "parameter residue_mod_2 is missing"),
    ],
    ids=["torn", "deep", "bytes", "list", "unknown key", "number", "sample", "policy", "value", "missing"],
)
def test_a_bad_line_is_named_after_the_answers_before_it(
    installation: Installation, tmp_path: Path, line: str, message: str
) -> None:
    requests = tmp_path / "requests.jsonl"
    text = as_lines(a_request(), a_request()) + line + "\n" + as_lines(a_request())
    requests.write_text(text, encoding="utf-8", errors="surrogateescape")

    failed = installation.scorer("evaluate", "--pool", GOLDEN_POOL, "--requests", requests)

    assert failed.exit_code == 2
    assert len(failed.stdout.splitlines()) == 2
    assert the_only_line(failed.stderr).startswith(f"error: requests.jsonl, line 3: {message}")


def test_standard_input_is_named_too(installation: Installation) -> None:
    failed = installation.process("evaluate", "--pool", GOLDEN_POOL, stdin=b"7\n")

    assert (failed.returncode, failed.stdout) == (2, b"")
    assert the_only_line(failed.stderr.decode()).startswith("error: standard input, line 1: a trial request must be")


def test_a_missing_request_file_is_named(installation: Installation, tmp_path: Path) -> None:
    failed = installation.scorer("evaluate", "--pool", GOLDEN_POOL, "--requests", tmp_path / "none")

    assert failed.exit_code == 2
    assert the_only_line(failed.stderr) == f"error: {tmp_path / 'none'}: cannot be read (No such file or directory)."


def bad_pools(folder: Path) -> dict[str, tuple[Path, str]]:
    good = small_columns()
    without = {name: column for name, column in good.items() if name != "skip_mode"}
    damaged = write_npz(folder / "damaged.npz", **good)
    damaged.write_bytes(damaged.read_bytes()[:-100])
    (folder / "text.npz").write_text("seeds")
    objects = good["seeds"].astype(object)
    ones = np.ones_like(good["skip_mode"])
    empty = {name: column[:0] for name, column in good.items()}
    return {
        "missing file": (folder / "none.npz", "no such file"),
        "folder": (folder, "no such file"),
        "not NPZ": (folder / "text.npz", "not an NPZ file"),
        "truncated": (damaged, "truncated or damaged"),
        "missing field": (write_npz(folder / "field.npz", **without), "required field skip_mode is missing"),
        "unequal": (write_npz(folder / "unequal.npz", **{**good, "seeds": good["seeds"][1:]}), "unequal lengths"),
        "objects": (write_npz(folder / "objects.npz", **{**good, "seeds": objects}), "object array"),
        "empty": (write_npz(folder / "empty.npz", **empty), "the pool is empty"),
        "one class": (write_npz(folder / "class.npz", **{**good, "skip_mode": ones}), "skip_mode is variable in every"),
        "duplicates": (write_npz(folder / "twice.npz", **{**good, "seeds": 0 * good["seeds"]}), "duplicate seeds"),
        "negative": (
            write_npz(folder / "negative.npz", **{**good, "seeds": -1 - good["seeds"].astype(np.int64)}),
            "must not be negative",
        ),
        "not finite": (
            write_npz(folder / "nan.npz", **{**good, "score": np.full(len(good["seeds"]), np.nan)}),
            "not finite",
        ),
    }


@pytest.mark.parametrize("command", ["evaluate", "search"])
def test_every_bad_pool_is_one_line(installation: Installation, tmp_path: Path, command: str) -> None:
    options = {"evaluate": [], "search": ["--out", tmp_path / "run"]}[command]
    for name, (path, message) in bad_pools(tmp_path).items():
        failed = installation.scorer(command, "--pool", path, *options, stdin=as_lines(a_request()))

        assert (failed.exit_code, failed.stdout) == (2, ""), name
        assert message in the_only_line(failed.stderr), name
        assert not (tmp_path / "run").exists(), name


def test_a_json_pool_is_as_good(installation: Installation, tmp_path: Path) -> None:
    columns = small_columns(500)
    files = [write_json(tmp_path / "pool.json", columns), write_npz(tmp_path / "pool.npz", **columns)]

    answers = [installation.scorer("evaluate", "--pool", file, stdin=as_lines(a_request())).stdout for file in files]

    assert answers[0] == answers[1]
    assert json.loads(answers[0])["reason"] == "ok"
