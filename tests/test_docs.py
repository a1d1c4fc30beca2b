"""The documentation names everything that a user can set or run, and its links lead somewhere."""

from __future__ import annotations

import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from scorer_airflow.ssh.keys import SshKeys
from scorer_core.cli.app import app
from scorer_core.cluster import Gpus, Keys, Node
from scorer_core.conf import RunConf
from scorer_core.settings import PREFIX, Settings
from scorer_core.transport.registry import installed
from tests.architecture.walls import circle, rooms, sources

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
WITH_LINKS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "config" / "cluster.example.yaml").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
OUR_FOLDERS = ("scorer_core", "plugins", "dags", "sim", "bench", "tests", "docs", "config", "scripts")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)=\"([^\"]+)\"")


def text() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """Yield each command as it is typed, without the program's name, with its options."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            options = [option for parameter in command.params for option in parameter.opts if option != "--help"]
            yield " ".join((*words, name)), options


def row_of(page: str, first: str) -> str:
    """Return the row of a page's tables whose first cell names something in code marks, alone or among others."""
    rows = [line for line in page.splitlines() if line.startswith("|")]
    return next((row for row in rows if re.search(rf"`{first}`", row.split("|")[1])), "")


def inventory_keys() -> list[str]:
    """Return every key of a node, of what is nested in it, and of the block of each installed transport."""
    own = [name for name in Node.model_fields if name != "gpu"] + [f"gpu.{name}" for name in Gpus.model_fields]
    blocks: dict[str, type[Keys]] = {name: transport.keys for name, transport in installed().items()}
    assert blocks["ssh"] is SshKeys
    return own + [f"{block}.{name}" for block, keys in blocks.items() for name in keys.model_fields]


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
def test_every_setting_has_a_row(name: str) -> None:
    assert row_of(OPERATIONS, PREFIX + name.upper()), f"document {PREFIX}{name.upper()} in docs/operations.md"


@pytest.mark.parametrize("name", sorted(RunConf.model_fields))
def test_every_parameter_of_a_run_has_a_row(name: str) -> None:
    assert row_of(OPERATIONS, name), f"document `{name}` in docs/operations.md"


@pytest.mark.parametrize("key", inventory_keys())
def test_every_key_of_the_inventory_has_a_row_and_is_explained_in_the_example(key: str) -> None:
    documented = row_of(OPERATIONS, re.escape(key.removeprefix("ssh.")))

    assert documented, f"document `{key}` in docs/operations.md"
    assert re.search(rf"^#   {re.escape(key)} +\S", EXAMPLE, re.MULTILINE), (
        f"explain {key} in config/cluster.example.yaml"
    )


@pytest.mark.parametrize(("command", "options"), sorted(commands(typer.main.get_command(app))))
def test_every_command_has_a_row_that_names_all_its_options(command: str, options: list[str]) -> None:
    row = row_of(OPERATIONS, rf"scorer {re.escape(command)}( [^`]*)?")

    assert row, f"document `scorer {command}` in docs/operations.md"
    assert [option for option in options if not re.search(rf"{option}\b(?!-)", row)] == []


def test_the_program_s_own_options_are_documented() -> None:
    assert [p.opts for p in typer.main.get_command(app).params] == [["--version"], ["--debug"]]
    assert "`scorer --version`" in OPERATIONS
    assert "`scorer --debug`" in OPERATIONS


@pytest.mark.parametrize("page", WITH_LINKS, ids=lambda page: page.name)
def test_every_file_of_ours_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`([\w.-]+/[\w./-]+)`", page.read_text(encoding="utf-8"))
    ours = [path for path in named if path.split("/")[0] in OUR_FOLDERS]

    assert [path for path in ours if not (ROOT / path).exists()] == []


def held_by() -> list[str]:
    """Return what the glossary's last column names."""
    rows = [line for line in GLOSSARY.splitlines() if line.startswith("|")]
    return sorted({name for row in rows for name in re.findall(r"`([a-z_]+(?:\.\w+)+)`", row.split("|")[3])})


@pytest.mark.parametrize("name", held_by())
def test_what_the_glossary_names_is_there(name: str) -> None:
    assert pkgutil.resolve_name(f"scorer_core.{name}") is not None


def test_the_glossary_says_of_each_word_once_what_it_means() -> None:
    first = [line.split("|")[1].strip() for line in GLOSSARY.splitlines() if line.startswith("| ")]
    words = [word for cell in first if cell != "word" for word in cell.split(", ")]

    assert len(words) > 40
    assert [word for word, times in Counter(words).items() if times > 1] == []


def test_the_graph_of_rooms_in_the_architecture_is_that_of_the_imports() -> None:
    lines = re.findall(r"^([a-z_]+) +→ *(.*)$", ARCHITECTURE.split("### After")[1].split("\n## ")[0], re.MULTILINE)
    drawn = {room: set(others.split()) for room, others in lines}
    packages = {path.name for path in (ROOT / "scorer_core").iterdir() if (path / "__init__.py").exists()}
    found = {room: others & packages for room, others in rooms(sources("scorer_core")).items() if room in packages}

    assert drawn == found
    assert circle(drawn) == []


def test_the_documentation_names_no_setting_that_does_not_exist() -> None:
    of_compose = re.findall(r"\$\{(SCORER_\w+)", (ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
    of_rigs = {"SCORER_RIG_GPUS", "SCORER_RIG_SYS"}
    known = {PREFIX + name.upper() for name in Settings.model_fields} | of_rigs | set(of_compose)

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
