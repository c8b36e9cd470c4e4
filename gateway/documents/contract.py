"""Completes the services' documents: names of code lists, words for properties, and the problems and headers of each operation.

A client that is generated from the document must be able to rely on it: a code has the same named type in answers, filters and bodies, a property says what it
is in Chinese and English, and an operation lists the problems that it can answer with.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

Labels = Mapping[str, tuple[str, str]]
SCHEMAS = "#/components/schemas/"
LABELLED = "x-code-list"
"""Where the labels of a list of codes stand: its name at /meta/v1/codes."""
CHANGING = ("post", "put", "patch", "delete")
MATCHED = {
    "description": "版本标记,修改时放入 If-Match · the version, for If-Match of a change (RFC 9110 8.8.3)",
    "schema": {"type": "string", "pattern": '^"v[0-9]+"$'},
}
PLACE = {"description": "新建对象的地址 · where the new object is read", "schema": {"type": "string", "format": "uri-reference"}}


@cache
def words() -> Mapping[str, tuple[str, str]]:
    """Property → what it is, in Chinese and English (`fields.csv`). A name of the form `Schema.property` goes before the bare one."""
    with (Path(__file__).parent / "fields.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: (row["zh"], row["en"]) for row in csv.DictReader(file)}


@cache
def summaries() -> Mapping[tuple[str, str], str]:
    """(method, path) → what an operation does, in Chinese (`summaries.csv`); a path that begins with `/*/` is that of every service."""
    with (Path(__file__).parent / "summaries.csv").open(encoding="utf-8", newline="") as file:
        return {(row["method"], row["path"]): row["zh"] for row in csv.DictReader(file)}


def summary_of(method: str, path: str, english: str) -> str:
    """What an operation does, in both languages; in English alone when nobody has said it in Chinese."""
    known, asked = summaries(), method.upper()
    chinese = known.get((asked, path)) or known.get((asked, re.sub(r"^/\w+/", "/*/", path)))
    return f"{chinese} · {english}" if chinese else english


def short_names(schemas: Mapping[str, Any]) -> dict[str, str]:
    """Schemas that carry the path of their module → a name of noun and class: two nouns of a service may have a `Receipt`."""
    found: dict[str, str] = {}
    for name in schemas:
        if "__" in name:
            *_, noun, _room, kind = name.split("__")
            found[name] = _camel(noun) + kind
    return found


def words_in(node: Any) -> Iterator[str]:
    """Every word of the lists of codes within a part of a document."""
    if isinstance(node, Mapping):
        if isinstance(node.get("enum"), list):
            yield from (word for word in node["enum"] if isinstance(word, str))
        for child in node.values():
            yield from words_in(child)
    elif isinstance(node, list):
        for child in node:
            yield from words_in(child)


def name_codes(document: dict[str, Any], codes: Mapping[str, Mapping[str, Any]]) -> None:
    """Give every list of codes in the document a name of its own: that of the code list with the same words, or of the first place where it stands.

    `codes`: `service.list` or `service.table.column` → its codes, as at /meta/v1/codes.
    """
    schemas: dict[str, Any] = document["components"]["schemas"]
    known = {tuple(schema["enum"]): name for name, schema in schemas.items() if "enum" in schema}
    listed: dict[frozenset[str], list[str]] = {}
    for name, entries in codes.items():
        listed.setdefault(frozenset(entries), []).append(name)

    def named(schema: dict[str, Any], place: str) -> dict[str, Any]:
        values = tuple(schema["enum"])
        if values not in known:
            fitting = sorted(
                listed.get(frozenset(map(str, values)), ()),
                key=lambda name: (not place.lower().endswith(_camel(name.rsplit(".", 1)[-1]).lower()), len(name)),
            )
            wanted = _camel("_".join(fitting[0].split(".")[1:])) if fitting else place
            if fitting and wanted in schemas:
                wanted = _camel(fitting[0])
            name, number = wanted, 2
            while name in schemas:
                name, number = f"{wanted}{number}", number + 1
            kind = "string" if isinstance(values[0], str) else "integer"
            schemas[name] = {"type": kind, "enum": list(values), "title": name, LABELLED: _list_of(values, fitting, place, codes)}
            known[values] = name
        rest = {key: value for key, value in schema.items() if key not in ("enum", "type", "title")}
        return {"$ref": SCHEMAS + known[values], **rest}

    for name in list(schemas):
        if "enum" in schemas[name]:
            values = schemas[name]["enum"]
            schemas[name][LABELLED] = _list_of(values, sorted(listed.get(frozenset(map(str, values)), ()), key=len), name, codes)
        else:
            schemas[name] = _replaced(schemas[name], name, named)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operations[method] = _replaced(operation, _camel(operation.get("operationId", path + method)), named)


def _list_of(values: Sequence[object], fitting: Sequence[str], place: str, codes: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The code list with the labels of these words: the same one, or the one that holds them among others and is called most like the place; None: nobody's."""
    wider = [name for name, entries in codes.items() if set(map(str, values)) <= set(entries)]
    named = sorted(wider, key=lambda name: (not place.lower().endswith(_camel(name.rsplit(".", 1)[-1]).lower()), len(codes[name]), name))
    return next(iter([*fitting, *named]), None)


def _replaced(node: Any, place: str, named: Callable[[dict[str, Any], str], dict[str, Any]]) -> Any:
    if isinstance(node, list):
        return [_replaced(item, place, named) for item in node]
    if not isinstance(node, dict):
        return node
    values = node.get("enum")
    if isinstance(values, list) and values and all(isinstance(value, str | int) for value in values):
        return named(node, place)
    if "in" in node and "schema" in node:
        place += _camel(str(node["name"]))
    return {
        key: {name: _replaced(value, place + _camel(name), named) for name, value in child.items()}
        if key == "properties" and isinstance(child, dict)
        else _replaced(child, place, named)
        for key, child in node.items()
    }


def _camel(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^0-9A-Za-z]+", text) if part)


def describe(document: Mapping[str, Any]) -> list[str]:
    """Describe every property and parameter in both languages; returns those without words."""
    known, missing = words(), list[str]()
    for place, name, described in [*_properties(document["components"]["schemas"]), *_parameters(document["paths"])]:
        if "description" in described:
            continue
        said = known.get(f"{place}.{name}") or known.get(name)
        if said is None:
            missing.append(f"{place}.{name}")
        else:
            described["description"] = f"{said[0]} · {said[1]}"
    return missing


def _parameters(paths: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for operations in paths.values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                yield operation["operationId"], parameter["name"], parameter


def _properties(schemas: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, schema in schemas.items():
        for prop, part in schema.get("properties", {}).items():
            yield name, prop, part


def headers_of(method: str, path: str, operation: Mapping[str, Any], versioned: set[str]) -> dict[str, dict[str, Any]]:
    """Headers of a successful answer: the version where the object has one, and the address of a new object."""
    found = {}
    if (path in versioned and method == "get") or has_version(operation):
        found["ETag"] = MATCHED
    if method == "post" and "201" in operation.get("responses", {}):
        found["Location"] = PLACE
        if any(one.startswith(path + "/{") for one in versioned):
            found["ETag"] = MATCHED
    return found


def versioned_paths(paths: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Objects that are changed under If-Match: the path itself where it ends in the id or can be read, else the path before the last step."""
    found = set()
    for path, operations in paths.items():
        for method, operation in operations.items():
            if has_version(operation):
                found.add(path if path.endswith("}") or (method != "post" and "get" in operations) else path.rsplit("/", 1)[0])
    return found


def has_version(operation: Mapping[str, Any]) -> bool:
    """Whether an operation asks for If-Match."""
    return any(parameter.get("name") == "If-Match" for parameter in operation.get("parameters", ()))


def require_version(operation: dict[str, Any]) -> None:
    """If-Match is needed (428 without it), and this is what it looks like."""
    for parameter in operation.get("parameters", ()):
        if parameter.get("name") == "If-Match":
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "pattern": '^"v[0-9]+"$', "examples": ['"v3"']}


def problems_of(method: str, operation: Mapping[str, Any], *, public: bool) -> Sequence[str]:
    """The error statuses of an operation."""
    found = {"400", "401", "404", "413", "422", "429", "503", "504"}
    if not public:
        found.add("403")
    if method in CHANGING:
        found.add("409")
    if has_version(operation):
        found |= {"412", "428"}
    return sorted(found)
