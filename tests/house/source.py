"""Reads the project's source for the laws: every law is a function from a tree of files to a list of violations, so that it can be shown a planted one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("kit", "services", "gateway", "deploy")


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its path inside the project, its text and its tree."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text)


def sources(root: Path = ROOT, parts: tuple[str, ...] = PARTS) -> list[Source]:
    """Every Python file of the product, without migrations (written by Alembic)."""
    found = []
    for part in parts:
        for path in sorted((root / part).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if "/versions/" not in name:
                found.append(Source(name, path.read_text(encoding="utf-8")))
    return found


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is not a docstring; of an f-string its fixed parts joined."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values if not isinstance(part, str)),
            )
