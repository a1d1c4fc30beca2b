"""Reads source text and says where it breaks the walls of docs/architecture.md. Never imports what it reads."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("scorer_core", "plugins", "dags", "sim", "bench")

SHIPPED = tuple(f"scorer_core.{name}" for name in ("pool", "scoring", "rig", "errors", "atomic", "text"))
HEAD_ONLY = tuple(
    f"scorer_core.{room}"
    for room in ("ledger", "search", "gate", "evidence", "run", "publish", "report", "views", "steps", "cli")
)
AIRFLOW_AND_SSH = (
    "airflow",
    "airflow_shared",
    "asyncssh",
    "fabric",
    "invoke",
    "paramiko",
    "parallel_ssh",
    "plumbum",
    "pssh",
    "scp",
    "spur",
    "ssh2",
    "sshtunnel",
    "scorer_airflow",  # ours: it stands on both
)
DAG_DECORATORS = ("dag", "task_group")
NO_LOGIC = (
    *(ast.For, ast.AsyncFor, ast.While, ast.comprehension),
    *(ast.If, ast.IfExp, ast.Match, ast.Try, ast.TryStar, ast.Lambda, ast.ClassDef),
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """The text of one file, its path from the repository's root, and the module that it is."""

    path: str
    text: str

    @property
    def module(self) -> str:
        """Return the dotted name; a package's is that of its folder."""
        parts = self.path.removesuffix(".py").removesuffix("/__init__").split("/")
        return ".".join(parts[1:] if parts[0] == "plugins" else parts)

    @property
    def package(self) -> str:
        """Return the package that a relative import starts from."""
        return self.module if self.path.endswith("/__init__.py") else self.module.rpartition(".")[0]


@dataclass(frozen=True)
class Import:
    """One imported name in full, and the line that imports it."""

    name: str
    line: int


def sources(*folders: str) -> list[Source]:
    """Return every Python file below some folders (or files) of the repository."""
    found: list[Path] = []
    for folder in folders:
        found += [ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py"))
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in found]


def imports(source: Source) -> Iterator[Import]:
    """Yield every import, wherever it stands: in functions, under TYPE_CHECKING, by name in a call."""
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(source, node)
            yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and _is_import_call(node):
            yield from (Import(name, node.lineno) for name in _texts(node.args[:1]))


def outside(source: Source, allowed: Iterable[str]) -> list[str]:
    """Return the imports that are neither standard library, nor numpy, nor below an allowed name."""
    allowed = (*allowed, "numpy", *sys.stdlib_module_names)
    return [_place(source, found) for found in imports(source) if not _below(found.name, allowed)]


def inside(source: Source, forbidden: Iterable[str]) -> list[str]:
    """Return the imports of a forbidden name or of something below it."""
    return [_place(source, found) for found in imports(source) if _below(found.name, tuple(forbidden))]


def rooms(looked_at: Iterable[Source]) -> dict[str, set[str]]:
    """Return which packages and modules at the top of scorer_core import which others."""
    arrows: dict[str, set[str]] = defaultdict(set)
    for source in looked_at:
        own = _room(source.module)
        arrows[own] |= {_room(found.name) for found in imports(source) if _below(found.name, ("scorer_core",))} - {own}
    return dict(arrows)


def circle(arrows: Mapping[str, set[str]]) -> list[str]:
    """Return the rooms that lie on a circle of arrows or lead into one; none when there is no circle."""
    left = {room: set(others) for room, others in arrows.items()}
    while free := {room for room, others in left.items() if not others & set(left)}:
        left = {room: others for room, others in left.items() if room not in free}
    return sorted(left)


def logic(source: Source) -> list[str]:
    """Return what a DAG file may not hold: loops, conditionals, and functions other than decorated wiring."""
    found = []
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, Function):
            if not any(_name(decorator) in DAG_DECORATORS for decorator in node.decorator_list):
                found.append(f"{source.path}:{node.lineno} defines {node.name}")
        elif isinstance(node, NO_LOGIC):
            line = node.target.lineno if isinstance(node, ast.comprehension) else node.lineno
            found.append(f"{source.path}:{line} has {type(node).__name__}")
    return found


def too_long(source: Source, lines: int, function_lines: int | None = None) -> list[str]:
    """Return the file and its functions where they have more lines than allowed, decorators left out."""
    found = []
    length = len(source.text.splitlines())
    if length > lines:
        found.append(f"{source.path} has {length} lines, {lines} are allowed")
    for node in ast.walk(ast.parse(source.text)):
        if function_lines is not None and isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > function_lines:
                found.append(
                    f"{source.path}:{node.lineno} {node.name} has {length} lines, {function_lines} are allowed"
                )
    return found


def _base(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    start = source.package.split(".")
    start = start[: len(start) - node.level + 1]
    return ".".join([*start, *([node.module] if node.module else [])])


def _room(module: str) -> str:
    """Return the part of a dotted name that follows scorer_core; the package itself, when none does."""
    return module.split(".")[1] if "." in module else module


def _is_import_call(node: ast.Call) -> bool:
    return _name(node.func) in ("import_module", "__import__")


def _texts(nodes: list[ast.expr]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _name(node: ast.expr) -> str:
    """Return the last name of a decorator or callee: `dag` for @dag, @dag(...), @sdk.dag(...)."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _below(name: str, roots: tuple[str, ...]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def _place(source: Source, found: Import) -> str:
    return f"{source.path}:{found.line} imports {found.name}"
