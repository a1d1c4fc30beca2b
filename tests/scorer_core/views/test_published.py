"""The published config with its sources and history, and what of α is left."""

from __future__ import annotations

import math
from typing import Any

import pytest

from scorer_core.errors import InputError
from scorer_core.ledger.keys import Asked, DecisionKey, take_all
from scorer_core.ledger.ledger import Ledger
from scorer_core.run.files import json_bytes
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from scorer_core.views.decisions import PAGE_SIZE, decisions_view
from scorer_core.views.installation import Installation
from scorer_core.views.published import Difference, published_run, published_view

SOURCES = {"residue_mod_1": "searched", "dropout": "fixed", "batch_size": "published"}


def config(run_id: str, **changes: Any) -> bytes:
    context = {"run_id": run_id, "mask_policy": "max_offset", "parameter_sources": SOURCES}
    return json_bytes({**completed({}, MaskPolicy.MAX_OFFSET), **changes, "_run_context": context})


def published(installation: Installation, *contents: bytes) -> None:
    for content in contents:
        installation.publisher.publish(content)


def test_where_nothing_is_published_nothing_is_shown(installation: Installation) -> None:
    view = published_view(installation)

    assert (view.parameters, view.history, view.goes_back_to, view.unreadable) == ((), (), None, "")
    assert published_run(installation) is None


def test_each_of_the_eleven_says_where_it_is_from_and_who_reads_it(installation: Installation) -> None:
    published(installation, config("one"))

    parameters = {one.name: one for one in published_view(installation).parameters}

    assert len(parameters) == 11
    assert [parameters[name].source for name in SOURCES] == ["searched", "fixed", "published"]
    assert [name for name, one in parameters.items() if one.seen] == list(parameters)[:4]
    assert published_run(installation) == "one"


def test_the_history_tells_what_changed_and_what_was_withdrawn(installation: Installation) -> None:
    published(installation, config("one"), config("two", dropout=0.2), config("three", dropout=0.1, batch_size=32))
    installation.publisher.rollback()

    view = published_view(installation)

    assert [(one.number, one.run_id, one.withdrawn) for one in view.history] == [
        (None, "two", False),
        (2, "three", True),
        (1, "one", False),
    ]
    assert view.history[0].differences == (Difference("dropout", 0.3, 0.2),)
    assert view.goes_back_to is not None
    assert view.goes_back_to.run_id == "one"
    assert view.archived == 2


def test_what_was_withdrawn_is_told_against_the_config_that_was_put_back(installation: Installation) -> None:
    published(installation, config("one"), config("two", dropout=0.2))
    installation.publisher.rollback()

    present, withdrawn = published_view(installation).history

    assert (present.run_id, present.differences) == ("one", None)
    assert (withdrawn.withdrawn, withdrawn.differences) == (True, (Difference("dropout", 0.3, 0.2),))


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_published_file_that_is_none_is_said_and_costs_nothing_else(
    installation: Installation, content: bytes
) -> None:
    published(installation, config("one"), content)

    view = published_view(installation)

    assert view.unreadable.startswith("It cannot be read")
    assert [one.run_id for one in view.history] == [None, "one"]
    assert published_run(installation) is None


def test_a_config_of_the_old_system_is_shown_without_sources(installation: Installation) -> None:
    published(installation, json_bytes({**completed({}, MaskPolicy.MAX_OFFSET), "best_value": 0.3644}))

    view = published_view(installation)

    assert {one.source for one in view.parameters} == {""}
    assert "best_value" in {one.name for one in view.parameters}
    assert view.history[0].run_id is None


def test_what_is_left_of_alpha_is_what_all_decisions_to_come_may_spend(
    installation: Installation, ledger: Ledger
) -> None:
    keys = [DecisionKey(f"{number:064}", "max_offset", "1", "trial") for number in range(PAGE_SIZE + 5)]
    take_all(ledger.engine, [Asked(key, 0.01) for key in keys], "compare-policies")

    first, second = decisions_view(installation, 1), decisions_view(installation, 2)

    assert {line.by_a_run for line in first.lines} == {False}
    assert [line.taken.number for line in (*first.lines, *second.lines)] == list(range(PAGE_SIZE + 5, 0, -1))
    spent = sum(0.06 / (math.pi * number) ** 2 for number in range(1, PAGE_SIZE + 6))
    assert first.left == pytest.approx(0.01 - spent)
    assert first.following == PAGE_SIZE + 6
    assert first.may_spend == pytest.approx(0.06 / (math.pi * 31) ** 2)
    with pytest.raises(InputError, match="There is no page 3"):
        decisions_view(installation, 3)
