"""Bad pools: each is refused with a message that names the file, the field and the fault."""

from __future__ import annotations

import json
import re
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer_core.errors import PoolError
from scorer_core.pool import files
from scorer_core.pool.survivors import REQUIRED_FIELDS, load_pool
from tests.support.pools import Columns, small_columns, write_npz


def refusal(path: Path) -> str:
    """Load a bad pool and return what the refusal says after the file's name."""
    with pytest.raises(PoolError) as error:
        load_pool(path)
    said = str(error.value)
    assert said.startswith(f"{path.name}: ")
    return said.removeprefix(f"{path.name}: ")


def npz(tmp_path: Path, **changes: Any) -> Path:
    """Write a good pool with some columns replaced, or left out where the change is None."""
    columns = {**small_columns(), **changes}
    return write_npz(tmp_path / "pool.npz", **{name: column for name, column in columns.items() if column is not None})


def column(name: str, row: int, value: Any, dtype: Any = None) -> Columns:
    """Return one column of the good pool with one value replaced."""
    changed = small_columns()[name].astype(dtype or small_columns()[name].dtype)
    changed[row] = value
    return {name: changed}


@pytest.mark.parametrize("name", REQUIRED_FIELDS)
def test_a_missing_field(tmp_path: Path, name: str) -> None:
    """Never a column of zeros in its place."""
    others = ", ".join(sorted(set(REQUIRED_FIELDS) - {name}))

    said = refusal(npz(tmp_path, **{name: None}))

    assert said == f"required field {name} is missing (it has: {others}). Write the pool again with Step 1."


@pytest.mark.parametrize("name", [*REQUIRED_FIELDS, "score"])
def test_unequal_lengths(tmp_path: Path, name: str) -> None:
    short = {**small_columns(), "score": np.zeros(60)}[name][:59]

    said = refusal(npz(tmp_path, **{name: short}))

    assert said.startswith("fields have unequal lengths: ")
    assert f"{name} 59" in said
    assert said.count(" 60") == (3 if name == "score" else 2)


@pytest.mark.parametrize("name", [*REQUIRED_FIELDS, "prng_type"])
def test_object_arrays(tmp_path: Path, name: str) -> None:
    said = refusal(npz(tmp_path, **{name: np.array([1] * 60, dtype=object)}))

    assert said.startswith(f"field {name} is an object array, which could run code when read. Write it as numbers")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["score", "intersection_ratio", "seeds", "trial_number"])
def test_values_that_are_not_finite(tmp_path: Path, name: str, value: float) -> None:
    floats = np.arange(60, dtype=np.float32)
    floats[[7, 9]] = value

    said = refusal(npz(tmp_path, **{name: floats}))

    assert said == f"field {name} is not finite (NaN or infinite) in 2 rows, first row 7. Repair or drop these rows."


@pytest.mark.parametrize("dtype", [np.float64, np.bool_, "U8", "M8[s]"])
def test_seeds_that_are_not_integers(tmp_path: Path, dtype: Any) -> None:
    seeds = np.arange(60).astype(dtype)

    assert refusal(npz(tmp_path, seeds=seeds)) == f"seeds have type {seeds.dtype}; they need to be integers."


def test_trial_numbers_that_are_not_integers(tmp_path: Path) -> None:
    said = refusal(npz(tmp_path, trial_number=np.arange(60) / 2))

    assert said == "trial_number has type float64; it needs to be an integer."


def test_trial_numbers_that_would_wrap(tmp_path: Path) -> None:
    said = refusal(npz(tmp_path, **column("trial_number", 5, 2**63, np.uint64)))

    assert said == f"trial_number must be below 2**63; row 5 holds {2**63}."
    assert load_pool(npz(tmp_path, **column("trial_number", 5, 2**63 - 1, np.uint64))).trial_number.max() == 2**63 - 1


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[ns]"])
def test_moments_that_are_none(tmp_path: Path, dtype: str) -> None:
    moments = np.arange(60).astype(dtype)
    moments[[4, 5]] = "NaT"

    said = refusal(npz(tmp_path, score=moments))

    assert said == "field score is not a time (NaT) in 2 rows, first row 4. Repair or drop these rows."


def test_complex_numbers_that_are_not_finite(tmp_path: Path) -> None:
    assert "field score is not finite" in refusal(npz(tmp_path, score=np.full(60, complex(0, np.nan))))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("twin", ["seeds.npy", "seeds"])
def test_a_field_that_stands_twice(tmp_path: Path, twin: str) -> None:
    path = npz(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(twin, archive.read("seeds.npy"))

    assert refusal(path) == "field seeds stands more than once in the file. Write it again."


def test_an_archive_that_unpacks_to_more_than_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_POOL_BYTES", 2**20)
    path = tmp_path / "packed.npz"
    with zipfile.ZipFile(npz(tmp_path), "r") as plain, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
        packed.writestr("padding.npy", bytes(2**21))

    assert re.match(r"its fields come to \d\.\d GiB; at most", refusal(path))


def test_a_text_that_every_row_would_have_to_hold(tmp_path: Path) -> None:
    """10 MB of text in one of 1,500 records asked for 55.9 GiB."""
    records = [{"seeds": n, "skip_mode": "constant", "trial_number": 0, "prng_type": ""} for n in range(1500)]
    records[7]["prng_type"] = "x" * 10_000_000
    path = tmp_path / "pool.json"
    path.write_text(json.dumps(records))
    tracemalloc.start()

    said = refusal(path)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said == "field prng_type holds a text of 10000000 characters; at most 200 are read."
    assert peak < 10 * path.stat().st_size


def test_negative_seeds(tmp_path: Path) -> None:
    path = npz(tmp_path, **column("seeds", 11, -3, np.int64))

    assert refusal(path) == "seeds must not be negative; row 11 holds -3."


def test_duplicate_seeds(tmp_path: Path) -> None:
    seeds = np.arange(60, dtype=np.uint32)
    seeds[[20, 21, 22]] = 17

    said = refusal(npz(tmp_path, seeds=seeds))

    assert said == "3 duplicate seeds, the first is 17. Keep one row per seed (the better score)."


@pytest.mark.parametrize(("value", "label"), [(0, "constant"), (1, "variable")])
def test_one_class_only(tmp_path: Path, value: int, label: str) -> None:
    said = refusal(npz(tmp_path, skip_mode=np.full(60, value, dtype=np.uint8)))

    assert said.startswith(f"skip_mode is {label} in every row; enrichment needs both classes. Run Step 1")


@pytest.mark.parametrize(("value", "dtype"), [(2, np.uint8), (-1, np.int8), (1, np.float32), (1, "M8[s]")])
def test_skip_mode_of_another_kind(tmp_path: Path, value: Any, dtype: Any) -> None:
    said = refusal(npz(tmp_path, **column("skip_mode", 5, value, dtype)))

    assert said == "skip_mode must be 0 (constant) or 1 (variable) in every row."


@pytest.mark.parametrize("word", ["sometimes", "Variable", ""])
def test_an_unknown_skip_mode_word(tmp_path: Path, word: str) -> None:
    words = np.array(["constant", "variable", word] * 20)

    assert refusal(npz(tmp_path, skip_mode=words)) == f"skip_mode {word!r} is not known; use constant or variable."


def test_a_skip_mode_word_that_is_not_even_text(tmp_path: Path) -> None:
    words = np.array([b"constant", b"variable", b"\xff"] * 20)

    said = refusal(npz(tmp_path, skip_mode=words))

    assert said == r"skip_mode b'\xff' is not known; use constant or variable."


def test_no_rows(tmp_path: Path) -> None:
    empty = {name: values[:0] for name, values in small_columns().items()}

    assert refusal(npz(tmp_path, **empty)) == "the pool is empty. Step 1 found no survivors; widen its search."


@pytest.mark.parametrize("shape", [(60, 1), (30, 2), ()])
@pytest.mark.parametrize("name", [*REQUIRED_FIELDS, "score"])
def test_a_field_with_another_number_of_dimensions(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    said = refusal(npz(tmp_path, **{name: np.zeros(shape, dtype=np.int64)}))

    assert said == f"field {name} has {len(shape)} dimensions; it needs exactly one."


def test_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "pool.npz") == f"no such file in {tmp_path}. Check `survivors_path`."


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "pool.npz").mkdir()

    assert refusal(tmp_path / "pool.npz").startswith("no such file in ")


@pytest.mark.parametrize(
    "content", [b"", b"P", b"seed,skip_mode\n1,0\n", b"\x00" * 100, b"PKI, or so it says", b"\x80\x04N."]
)
def test_not_an_npz_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pool.npz"
    path.write_bytes(content)

    assert refusal(path) == "not an NPZ file. Write it with numpy.savez, or name it .json."


def test_a_single_array_under_the_name_of_a_pool(tmp_path: Path) -> None:
    with (tmp_path / "pool.npz").open("wb") as stream:
        np.save(stream, np.arange(60))

    assert refusal(tmp_path / "pool.npz").startswith("not an NPZ file.")


def test_a_zip_archive_with_something_else_in_it(tmp_path: Path) -> None:
    path = npz(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("README.txt", "not an array")

    assert refusal(path).startswith("field README.txt is not an array")


def test_a_zip_archive_without_anything_in_it(tmp_path: Path) -> None:
    zipfile.ZipFile(tmp_path / "pool.npz", "w").close()

    assert refusal(tmp_path / "pool.npz").startswith(
        "required field seeds, skip_mode, trial_number is missing (it has: none)."
    )


RECORDS: list[dict[str, Any]] = [
    {"seeds": seed, "skip_mode": ("constant", "variable")[seed % 2], "trial_number": 3} for seed in range(6)
]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"seeds": [1, 2]}, "expected a JSON list of records, one per survivor."),
        ([1, 2, 3], "expected a JSON list of records, one per survivor."),
        ("pool", "expected a JSON list of records, one per survivor."),
        (None, "expected a JSON list of records, one per survivor."),
        ([], "the pool is empty. Step 1 found no survivors"),
        ([{}, {}], "required field seeds, skip_mode, trial_number is missing"),
        ([{"seeds": 1, "trial_number": 2}], "required field skip_mode is missing (it has: seeds, trial_number)"),
        ([*RECORDS, {"seeds": 9, "skip_mode": "constant"}], "record 6 lacks trial_number, which other records have."),
        ([*RECORDS, {"seeds": 9}], "record 6 lacks skip_mode, trial_number, which other records have."),
        ([*RECORDS, {**RECORDS[0], "seeds": 9, "skip_mode": "sometimes"}], "skip_mode 'sometimes' is not known"),
        ([*RECORDS, {**RECORDS[0], "seeds": 9, "skip_mode": 1}], "skip_mode '1' is not known"),
        ([*RECORDS, {**RECORDS[0], "seeds": -9}], "seeds must not be negative; row 6 holds -9."),
        ([*RECORDS, {**RECORDS[0], "seeds": 2}], "1 duplicate seeds, the first is 2."),
        ([*RECORDS, {**RECORDS[0], "seeds": 9.5}], "seeds have type float64; they need to be integers."),
        ([*RECORDS, {**RECORDS[0], "seeds": "9"}], "seeds have type <U"),
        ([*RECORDS, {**RECORDS[0], "seeds": None}], "field seeds holds values that are not numbers or strings"),
        ([*RECORDS, {**RECORDS[0], "seeds": 2**64}], "field seeds"),
        ([{**RECORDS[0], "seeds": -1}, {**RECORDS[1], "seeds": 2**63}], "seeds "),
        ([*RECORDS, {**RECORDS[0], "seeds": [9]}], "field seeds is not a plain column"),
        ([{**record, "seeds": [record["seeds"]]} for record in RECORDS], "field seeds has 2 dimensions"),
        ([{**record, "score": float("nan")} for record in RECORDS], "field score is not finite (NaN or infinite)"),
    ],
)
def test_bad_json_records(tmp_path: Path, content: object, message: str) -> None:
    path = tmp_path / "pool.json"
    path.write_text(json.dumps(content), encoding="utf-8")

    assert re.match(re.escape(message), refusal(path))


@pytest.mark.parametrize(
    "content",
    [b"", b"[{", b'[{"seeds": 1},]', b"\xff\xfe[]", b"PK\x03\x04", b"[" * 100_000, b"[" + b"9" * 5000 + b"]"],
    ids=["empty", "cut", "comma", "utf-16", "zip", "deep", "long integer"],
)
def test_a_json_file_that_is_not_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pool.json"
    path.write_bytes(content)

    assert refusal(path).startswith("not JSON (")
