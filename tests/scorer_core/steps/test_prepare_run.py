"""Given a conf, a pool and an inventory: prepare_run makes a whole run of them, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from scorer_core.context import open_ledger
from scorer_core.errors import InputError, InventoryError, PoolError, RunError, SpecError
from scorer_core.held import Source
from scorer_core.publish.publisher import Publisher
from scorer_core.run.files import json_bytes
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS, defaults
from scorer_core.search.sampler import Suggester
from scorer_core.settings import Settings
from scorer_core.steps.prepare_run import prepare_run
from scorer_core.transport import bundle
from tests.scorer_core.steps.installation import CONF, LEASE, make_run
from tests.support.own_database import database_of
from tests.support.pools import small_columns, small_pool, write_npz
from tests.support.prepared import make_node, make_settings, write_pool


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = make_settings(tmp_path / "home")
    write_pool(made, small_pool(600))
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_has_its_folder_its_pool_its_worker_and_its_tickets(settings: Settings) -> None:
    context = make_run(settings)

    assert context.files.location == f"{settings.runs_dir}/run-1"
    assert Path(context.files.location).stat().st_mode & 0o777 == 0o700
    names = {"run.json", "pool.npz", "worker.pyz", "shared.json"}
    assert set(contents(Path(context.files.location))) == names
    assert context.files.worker.read_bytes() == bundle.build().content
    travels, pool = context.files.pool.read_pool(), small_pool(600)
    assert travels.seeds.tolist() == pool.seeds.tolist()
    assert travels.minority.tolist() == pool.minority.tolist()
    assert travels.trial_number.tolist() == pool.trial_number.tolist()
    described = context.files.run.read_json()
    assert (described["rows"], described["why_not"], context.record.decision) == (600, "", 1)
    assert described["spec"]["sample_size"] == 200
    assert context.ledger.counts("run-1") == {
        TicketState.OPEN: 6,
        TicketState.LEASED: 0,
        TicketState.DONE: 0,
        TicketState.FAILED: 0,
    }


def test_a_sweep_is_cut_for_its_slots_once(tmp_path: Path) -> None:
    """Given 208 slots, and two when the task is tried again."""
    nodes = [make_node(tmp_path, f"rig-{number}", gpu={"count": 52}) for number in range(4)]
    many, few = make_settings(tmp_path / "home", *nodes), tmp_path / "few.yaml"
    write_pool(many, small_pool(600))

    first = prepare_run(many, "run-1", {})
    few.write_text(yaml.safe_dump({"nodes": [make_node(tmp_path, "rig-0")]}))
    again, later = (prepare_run(many.model_copy(update={"cluster_file": few}), name, {}) for name in ("run-1", "run-2"))

    assert first.spec.n_trials >= 416
    assert len(first.ledger.tickets("run-1")) == first.spec.n_trials
    assert again.record == first.record
    assert later.spec.n_trials == 143


@pytest.mark.draws_seed
def test_preparing_the_same_run_again_changes_nothing(settings: Settings) -> None:
    first = make_run(settings, seed=None)
    before = contents(Path(first.files.location))
    assert first.ledger.claim("run-1", Slot("head", 0), LEASE) is not None

    again = make_run(settings, seed=None)

    assert again.record == first.record, "a seed that was drawn is drawn once"
    assert contents(Path(again.files.location)) == before
    assert again.ledger.counts("run-1")[TicketState.LEASED] == 1, "work that has begun is not undone"


def test_what_is_published_stays_in_what_the_objective_cannot_see(settings: Settings) -> None:
    """Given a published config with a value out of range, and another one that is published before a retry."""
    config = {**defaults(MaskPolicy.MAX_OFFSET), "residue_mod_1": 7, "dropout": 0.2, "batch_size": 32}
    Publisher(settings.publish_dir).publish(json_bytes({**config, "learning_rate": 1.0}))

    first = make_run(settings)
    Publisher(settings.publish_dir).publish(json_bytes({**config, "dropout": 0.4}))
    again, later = make_run(settings), make_run(settings, "run-2", fixed_params={"batch_size": 64})

    kept = {name: config[name] for name in UNSEEN_DEFAULTS}
    assert first.spec.held_values == kept
    assert first.spec.held["learning_rate"].source is Source.DEFAULT, "1.0 is out of range"
    assert {held.source for name, held in first.spec.held.items() if name != "learning_rate"} == {Source.PUBLISHED}
    assert again.spec == first.spec, "what a run holds is settled once"
    assert later.spec.held_values == {**kept, "dropout": 0.4, "batch_size": 64}
    asked = [Suggester(later.spec).suggest(number, ()) for number in range(4)]
    assert all({name: params[name] for name in kept} == later.spec.held_values for params in asked)
    assert {params["residue_mod_1"] for params in asked} != {7}, "what it sees is searched"


@pytest.mark.parametrize(
    ("change", "named"), [({"n_trials": 7}, "spec"), ({"sample_size": 450}, "spec"), ({"seed": 2}, "spec")]
)
def test_the_same_run_id_with_another_conf_is_refused_and_nothing_is_touched(
    settings: Settings, change: dict[str, Any], named: str
) -> None:
    context = make_run(settings)
    before = contents(Path(settings.runs_dir))

    with pytest.raises(RunError, match=rf"run run-1 exists with another {named}\. .*trigger a new run"):
        make_run(settings, **change)

    assert contents(Path(settings.runs_dir)) == before
    assert context.ledger.run("run-1") == context.record


def test_the_same_run_id_on_another_pool_is_refused_and_the_pool_stays(settings: Settings) -> None:
    make_run(settings)
    before = contents(Path(settings.runs_dir))
    write_pool(settings, small_pool(600, seed=5))

    with pytest.raises(RunError, match="another pool_sha256, pool_content"):
        make_run(settings)

    assert contents(Path(settings.runs_dir)) == before


def test_two_runs_with_look_alike_ids_have_folders_of_their_own(settings: Settings) -> None:
    one, other = make_run(settings, "manual:1"), make_run(settings, "manual/1")

    assert one.files.location != other.files.location
    assert Path(one.files.location).parent == Path(other.files.location).parent == Path(settings.runs_dir)


REFUSED = {
    "an unknown key": ({"sampel_size": 450}, SpecError, r"unknown key 'sampel_size'; did you mean 'sample_size'\?"),
    "a key like no other": (
        {"qqq": 1},
        SpecError,
        "unknown key 'qqq'; known are: evidence_permutations, ",
    ),
    "out of range": ({"sample_size": 49}, SpecError, "sample_size is 49; it should be greater than or equal to 50"),
    "of another type": ({"n_trials": "100"}, SpecError, "n_trials is '100'; it should be a valid integer"),
    "more GPUs than there are": (
        {"min_gpus": 5},
        SpecError,
        r"min_gpus is 5, but the inventory lists 4 GPU slots .*cluster\.yaml",
    ),
    "a pool outside": ({"survivors_path": "../pool.npz"}, PoolError, "leads out of the data directory"),
    "an absolute pool": ({"survivors_path": "/etc/passwd"}, PoolError, "leads out of the data directory"),
    "a link to outside": ({"survivors_path": "link.npz"}, PoolError, "leads out of the data directory"),
    "no pool": ({"survivors_path": "none.npz"}, PoolError, "none.npz: no such file .*survivors_path"),
    "a bad pool": ({"survivors_path": "bad.npz"}, PoolError, "bad.npz: required field skip_mode is missing"),
}


@pytest.mark.parametrize(("conf", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_and_leaves_no_run(
    settings: Settings, tmp_path: Path, conf: dict[str, Any], kind: type[InputError], message: str
) -> None:
    columns = small_columns()
    write_npz(settings.data_dir / "bad.npz", seeds=columns["seeds"], trial_number=columns["trial_number"])
    write_npz(tmp_path / "outside.npz", **columns)
    (settings.data_dir / "link.npz").symlink_to(tmp_path / "outside.npz")

    with pytest.raises(kind, match=message):
        prepare_run(settings, "run-1", {**CONF, **conf})

    assert open_ledger(settings).runs() == []
    assert not Path(settings.runs_dir).exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gpu": {"count": 0}}, "node rig-z: gpu.count"),
        ({"ssh": {"host_key": ""}}, "node rig-z: ssh.host_key"),
        ({"typo": 1}, "typo"),
    ],
)
def test_a_bad_inventory_leaves_no_run(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    settings = make_settings(tmp_path, make_node(tmp_path, "rig-z", **change))

    with pytest.raises(InventoryError, match=message):
        make_run(settings)

    assert open_ledger(settings).runs() == []
    assert not Path(settings.runs_dir).exists()


def test_max_concurrent_counts_when_slots_are_counted(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, make_node(tmp_path, "rig-z", max_concurrent=1))

    with pytest.raises(SpecError, match="the inventory lists 1 GPU slots"):
        make_run(settings, min_gpus=2)


@pytest.mark.parametrize("place", ["link", "sub/deeper"])
def test_a_pool_anywhere_below_the_data_directory_will_do(settings: Settings, place: str) -> None:
    target = settings.data_dir / f"{place}.npz"
    target.parent.mkdir(exist_ok=True)
    if place == "link":
        target.symlink_to(settings.data_dir / "bidirectional_survivors_binary.npz")
    else:
        write_npz(target, **small_columns(600))

    assert make_run(settings, survivors_path=f"{place}.npz").spec.survivors_path == f"{place}.npz"


def test_a_folder_with_another_ledgers_run_of_the_same_id_is_refused(settings: Settings) -> None:
    """Given a database that was made anew: the verdict in the old folder is not the new run's."""
    make_run(settings)
    before = contents(Path(settings.runs_dir))
    settings = settings.model_copy(update={"database_url": database_of(settings.home / "anew")})

    with pytest.raises(RunError, match="run-1: holds the files of another run .* another id"):
        make_run(settings)

    assert contents(Path(settings.runs_dir)) == before
    assert open_ledger(settings).runs() == []


def test_a_folder_that_was_exchanged_for_another_runs_is_refused(settings: Settings) -> None:
    context = make_run(settings)
    context.files.run.write_json({**context.files.run.read_json(), "created_at": "2020-01-01T00:00:00+00:00"})

    with pytest.raises(RunError, match="holds the files of another run"):
        make_run(settings)


def test_a_verdict_in_a_folder_without_a_run_is_nobodys(settings: Settings) -> None:
    context = make_run(settings)
    context.files.store.remove("run.json")
    make_run(settings)  # as after a crash before it was written
    context.files.store.remove("run.json")
    context.files.verdict.write_json({"verdict": "PUBLISH"})

    with pytest.raises(RunError, match="holds the files of another run"):
        make_run(settings)
