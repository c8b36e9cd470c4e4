"""The laws of the floor (DESIGN laws 5 and 13): scope, words, steps and texts are spelled once. Each takes what it judges, and returns what breaks it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, TypeAdapter, ValidationError

from kit.db import Schema
from kit.steps.machine import Machine
from tests.house.source import Source, strings

_SCOPED = re.compile(r"(^|/)(kit/scope\.py|kit/auth\.py)$|^gateway/")


def scope_in_one_place(files: Iterable[Source]) -> list[str]:
    """Only kit.scope compares a division with what a principal is responsible for: nobody else reads the raw `scope` of a principal or makes patterns of it.

    The gateway keeps accounts, and so writes and copies their scopes.
    """
    found = []
    for file in files:
        if _SCOPED.search(file.path) or not file.path.startswith(("kit/", "services/")):
            continue
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Attribute) and node.attr == "scope" and ast.unparse(node.value).endswith("principal"):
                found.append(f"{file.path}:{node.lineno} reads a principal's scope")
            if (
                isinstance(node, ast.BinOp)
                and isinstance(node.right, ast.Constant)
                and node.right.value == "%"
                and isinstance(node.op, ast.Add)
            ):
                found.append(f"{file.path}:{node.lineno} makes a pattern of a prefix")
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "startswith"
                and ("division" in ast.unparse(node.func.value) or any("scope" in ast.unparse(argument) for argument in node.args))
            ):
                found.append(f"{file.path}:{node.lineno} compares a division with a prefix")
    return found


def words_in_rules(files: Iterable[Source]) -> list[str]:
    """A list of codes is a `Literal` of `rules.py`; schemas and tables take it from there. A `Literal` of one word may stand anywhere."""
    found = []
    for file in files:
        if not file.path.startswith(("services/", "gateway/")) or file.path.endswith("/rules.py") or "/rules/" in file.path:
            continue
        for node in ast.walk(file.tree):
            if not isinstance(node, ast.Subscript) or ast.unparse(node.value) not in ("Literal", "typing.Literal"):
                continue
            listed = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if len([one for one in listed if isinstance(one, ast.Constant) and isinstance(one.value, str)]) > 1:
                found.append(f"{file.path}:{node.lineno} lists codes beside rules.py")
    return found


def machines_of(modules: Iterable[Any]) -> dict[str, Machine[Any]]:
    """Column → its machine, from the modules of rules."""
    return {machine.column: machine for module in modules for machine in vars(module).values() if isinstance(machine, Machine)}


def states_of(schemas: Iterable[Schema]) -> Iterator[tuple[str, set[str]]]:
    """Every column that holds a state, with the words that its CHECK allows; none without a CHECK. Rows of a history tell states and have none."""
    for schema in schemas:
        for table in schema.metadata.tables.values():
            for column in table.columns:
                if (column.name == "state" or column.name.endswith("_state")) and not table.info.get("append_only"):
                    texts = [str(check.sqltext) for check in table.constraints if isinstance(check, sa.CheckConstraint)]
                    checks = [text for text in texts if text.startswith(f"{column.name} in (")]
                    yield f"{table.fullname}.{column.name}", set(re.findall(r"'([^']+)'", " ".join(checks)))


_WRITTEN = re.compile(r"\bset\b(?:(?!\bwhere\b|\bfrom\b)[^;])*?\bstate\s*=\s*(?:case\b[^;]*?\bthen\s*)?'", re.IGNORECASE | re.DOTALL)


def states_change_by_steps(files: Iterable[Source]) -> list[str]:
    """Only kit.steps gives a row another state; a statement about many rows takes its states from the declared step, as parameters."""
    found: list[str] = []
    for file in files:
        if not file.path.startswith(("kit/", "services/", "gateway/")) or file.path == "kit/steps/taking.py" or "/migrations/" in file.path:
            continue
        for node in ast.walk(file.tree):
            targets = (
                node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []
            )
            parts = [part for target in targets for part in ast.walk(target)]
            found += [
                f"{file.path}:{part.lineno} sets a state"
                for part in parts
                if isinstance(part, ast.Attribute) and part.attr == "state" and isinstance(part.ctx, ast.Store)
            ]
        found += [f"{file.path}:{line} writes a state of its own" for line, text in strings(file.tree) if _WRITTEN.search(text)]
    return found


def every_state_has_its_machine(states: Mapping[str, set[str]], machines: Mapping[str, Machine[Any]]) -> list[str]:
    """A column that holds a state has a machine of the same states, each of which some step reaches."""
    found = [f"{column} has no machine" for column in states if column not in machines]
    for column, machine in machines.items():
        if column not in states:
            found.append(f"{column} has a machine and no column")
        elif set(machine.states) != states[column]:
            found.append(f"{column} and its machine differ in {sorted(set(machine.states) ^ states[column])}")
        found += [f"no step of {column} reaches {state}" for state in sorted(machine.unreachable())]
    return found


def walked(files: Iterable[Source]) -> set[tuple[str, str]]:
    """(Module, name) of every machine that a test walks: the first argument of a `Walk`, or of what hands it on (`told`)."""
    found: set[tuple[str, str]] = set()
    for file in files:
        imported = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(file.tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Walk", "told"):
                found |= {imported[part.id] for part in node.args if isinstance(part, ast.Name) and part.id in imported}
    return found


HOSTILE = ("演示\u202e名", "演示\u2066名", "演示\x07名")


def texts_are_typed(messages: Iterable[type[BaseModel]]) -> list[str]:
    """Every text of a request is read by a type that refuses what misleads the eye (kit.text)."""
    found = []
    for model in messages:
        for name, field in model.model_fields.items():
            try:
                reader = TypeAdapter(field.rebuild_annotation())
            except Exception:  # a type that cannot be read alone is judged where it is used
                continue
            for text in HOSTILE:
                try:
                    read = reader.validate_python(text)
                except ValidationError:
                    continue
                if isinstance(read, str):
                    found.append(f"{model.__module__}.{model.__name__}.{name}")
                    break
    return sorted(set(found))
