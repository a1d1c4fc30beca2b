"""What was withdrawn stays withdrawn, whatever run or mask brings it back; an operator may ask for it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scorer_core.errors import PublishError
from scorer_core.ledger.ledger import Ledger
from scorer_core.publish.publisher import Publisher
from scorer_core.publish.withdrawal import note_withdrawal, refuse_withdrawn, roll_back
from scorer_core.run.files import json_bytes
from tests.support.own_database import database_of

Config = dict[str, Any]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(database_of(tmp_path))
    made.create_tables()
    return made


def of_run(config: Config, run_id: str, **changes: Any) -> Config:
    return {**config, **changes, "_run_context": {**config["_run_context"], "run_id": run_id}}


def refused(ledger: Ledger, config: Config, again: bool = False) -> None:
    refuse_withdrawn(ledger.engine, json_bytes(config), config, again)


def test_neither_the_run_nor_the_mask_comes_back(ledger: Ledger, config: Config) -> None:
    note_withdrawal(ledger.engine, json_bytes(config))

    with pytest.raises(PublishError, match="this run's config was withdrawn at .* `scorer publish --again`"):
        refused(ledger, config)
    with pytest.raises(PublishError, match="run later: a config with the same mask was withdrawn"):
        refused(ledger, of_run(config, "later", dropout=0.2))
    refused(ledger, of_run(config, "later", residue_mod_1=5))


def test_who_wants_it_again_gets_it_for_good(ledger: Ledger, config: Config) -> None:
    note_withdrawal(ledger.engine, json_bytes(config))
    note_withdrawal(ledger.engine, json_bytes(of_run(config, "other")))

    refused(ledger, config, again=True)

    refused(ledger, config)


def test_only_a_config_that_can_be_compared_with_is_put_back(ledger: Ledger, config: Config, tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "published")
    good = json_bytes(config)
    odd = [b"torn", b"[" * 100_000, b"[]", b"{}", b'{"residue_mod_1": 5}', json_bytes({**config, "residue_mod_1": "5"})]
    odd.append(json_bytes({**config, "_run_context": {"schema_version": 99}}))
    for content in odd:
        publisher.publish(content)
        publisher.publish(good)

        with pytest.raises(PublishError, match=r"json: this is no config that can be published .* stands"):
            roll_back(publisher, ledger.engine)

        assert publisher.config.read_bytes() == good
    refused(ledger, config)


def test_a_damaged_config_gives_way_to_the_one_before_it(ledger: Ledger, config: Config, tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "published")
    publisher.publish(json_bytes(config))
    publisher.publish(b"torn")

    roll_back(publisher, ledger.engine)

    assert publisher.published() == config


@pytest.mark.parametrize(
    "content", [b"torn", b"[]", b"{}", b'{"_run_context": 7}', b'{"_run_context": {"mask_policy": 1}}']
)
def test_a_file_that_cannot_be_read_is_withdrawn_by_its_bytes(ledger: Ledger, config: Config, content: bytes) -> None:
    note_withdrawal(ledger.engine, content)

    refused(ledger, config)
    with pytest.raises(PublishError, match="was withdrawn"):
        refuse_withdrawn(ledger.engine, content, config, again=False)


def test_the_old_systems_config_is_known_by_its_mask(ledger: Ledger, config: Config) -> None:
    old = {name: value for name, value in config.items() if name != "_run_context"}
    note_withdrawal(ledger.engine, json.dumps(old).encode())

    with pytest.raises(PublishError, match="a config with the same mask was withdrawn"):
        refused(ledger, config)
