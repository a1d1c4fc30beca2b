"""The documentation names everything that a user can set or run, and its links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from scorer_core.cli.app import app
from scorer_core.settings import PREFIX, Settings
from scorer_core.spec import RunSpec

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
WITH_LINKS = [ROOT / "README.md", *PAGES]
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)=\"([^\"]+)\"")


def text() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield each command as it is typed, without the program's name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name))


def links(page: Path) -> list[str]:
    """Return where a page links to inside the repository."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = [one or other for one, other in LINK.findall(prose)]
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings have on a forge."""
    headings = re.findall(r"^#+\s+(.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_three_pages_are_there() -> None:
    assert {"architecture.md", "data-contracts.md", "operations.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    assert re.search(rf"\b{PREFIX}{name.upper()}\b", text()), f"document {PREFIX}{name.upper()} in docs/operations.md"


@pytest.mark.parametrize("name", sorted(RunSpec.model_fields))
def test_every_parameter_of_a_run_is_documented(name: str) -> None:
    assert re.search(rf"`{name}`", text()), f"document `{name}` in docs/operations.md"


@pytest.mark.parametrize("command", sorted(commands(typer.main.get_command(app))))
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"\bscorer {re.escape(command)}\b", text()), f"document `scorer {command}` in docs/operations.md"


def test_the_documentation_names_no_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {"SCORER_RIG_GPUS"}

    assert set(re.findall(r"\bSCORER_[A-Z_]+[A-Z]\b", text())) - known == set()


@pytest.mark.parametrize("page", WITH_LINKS, ids=lambda page: page.name)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        inside = target.is_relative_to(ROOT) and target.exists()
        if not inside or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []
