"""The words to look for: which kinds of table there are, by which headers their fields go, how values are written.

The reader knows no trade. A service hands over its `words.toml`:

    hold = ["ID_CHECKSUM", ...]                     codes after which a person must look
    header_prefixes, header_suffixes                what may stand around a known header without changing it
    [messages.CODE] zh, en                          the trade's own codes
    [fields.<field>] type, headers, weak, ...       shared by several kinds
    [kinds.<kind>] fields, requires, unique, context, told_by, named, unless, zh, en
    [kinds.<kind>.override.<field>]                 what differs there (headers are added, other keys replaced)

A field with `own_only` is not read from a column that stands right of the name of somebody else (office.toml: others).
`headers` are names that are sure; `weak` ones are only used when no sure header claims the field (date, kind, name).
`by` = { field = "status", CD = "cd_date", … } takes an empty value from the column that another field's value names.
`requires` is a list of groups, each needing one of its fields: a table without them is not of this kind.
`told_by` (fields), `named` and `unless` (words): what says for sure that a table is of this kind, see Kind. Without `told_by` any sure header does.
Columns that a person mapped once are kept as `learned` ({kind or "*": {header: field, or "" to leave it}}) and win over all.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

OFFICE = Path(__file__).with_name("office.toml")
TYPES = frozenset(
    {
        "text",
        "person_name",
        "id_number",
        "sex",
        "birth_date",
        "date",
        "phone",
        "yes_no",
        "choice",
        "choices",
        "place",
        "company_code",
        "measured",
        "number",
    }
)

ALWAYS_HELD = frozenset({"RECORD_SWALLOWED", "COLUMNS_DIFFER", "ID_PRECISION_LOST"})
"""Codes after which no trade may take a row over unseen: what was read may be somebody else's."""


RESULTS_BEFORE = {"POS": "positive", "NEG": "negative", "INVALID": "invalid"}
"""The results of measured values, as earlier versions kept them."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind of table; `options` are the type's own settings (choices, levels, unit, codes)."""

    name: str
    type: str
    headers: tuple[str, ...]
    weak: tuple[str, ...]
    options: dict[str, Any]

    @property
    def personal(self) -> bool:
        """Whether its values say something about a person."""
        return bool(self.options.get("personal"))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of table. `unique` names the field that may stand once per file; `context` fields may come from titles.

    A table is of this kind only when something says so for sure: a sure header of one of the `told_by` fields, or one of the words `named` in a header of the
    table, a title or the sheet's name. Names and ID numbers stand in every list of persons, and "date" in most. A text that holds a word of `unless` names
    nothing (满三年 stands in 未满三年 too), and where a title holds one no other text names the kind either.
    """

    name: str
    fields: dict[str, Field]
    requires: tuple[tuple[str, ...], ...]
    unique: str | None
    context: tuple[str, ...]
    zh: str = ""
    en: str = ""
    told_by: frozenset[str] = frozenset()
    named: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def denied(self, text: str) -> bool:
        """Whether a text says that this is another list: a word of `unless` stands in it, and not only inside one of `named` (复吸 in 三年未复吸)."""
        for word in self.named:
            if not any(other in word for other in self.unless):
                continue
            text = text.replace(word, "\n")
        return any(word in text for word in self.unless)

    @property
    def distinct(self) -> frozenset[str]:
        """Required fields that not every list of persons has: taught for a header, they say the kind."""
        return frozenset(name for group in self.requires for name in group if self.fields[name].type not in ("person_name", "id_number"))


@dataclass(frozen=True, slots=True)
class Place:
    """A division: code, name, level, the codes above it (statutory parent, service centre), other names."""

    code: str
    name: str
    level: str
    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """Words of one or more services, with the places, catalogues (name -> other names) and learned headers to use."""

    sources: tuple[dict[str, Any], ...]
    places: tuple[Place, ...] = ()
    catalogues: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    learned: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read one words.toml. Raises ValueError when a kind names an unknown field or type."""
        vocabulary = cls((tomllib.loads(path.read_text(encoding="utf-8")),))
        _ = vocabulary.kinds
        return vocabulary

    def merged(self, *others: Vocabulary) -> Vocabulary:
        """All words together. Raises ValueError when two define the same kind."""
        both = replace(self, sources=self.sources + tuple(s for other in others for s in other.sources))
        _ = both.kinds
        return both

    def knowing(
        self,
        *,
        places: tuple[Place, ...] | None = None,
        catalogues: dict[str, dict[str, list[str]]] | None = None,
        learned: dict[str, dict[str, str]] | None = None,
    ) -> Vocabulary:
        """The same words with divisions, catalogues or learned headers."""
        return replace(
            self,
            places=self.places if places is None else tuple(places),
            catalogues=self.catalogues if catalogues is None else catalogues,
            learned=self.learned if learned is None else learned,
        )

    @cached_property
    def earlier(self) -> dict[str, dict[str, str]]:
        """Field → the word by which earlier versions kept a value (`was`) → the word now."""
        fields = [one for source in self.sources for one in source.get("fields", {}).items()]
        return {name: {one["was"]: one["value"] for one in options.get("values", ()) if "was" in one} for name, options in fields}

    def renamed(self, record: dict[str, Any]) -> dict[str, Any]:
        """A row as it was kept, in the words of now."""
        found = dict(record)
        for name, value in record.items():
            words = self.earlier.get(name, {})
            if isinstance(value, str):
                found[name] = words.get(value, value)
            elif isinstance(value, list):
                found[name] = [words.get(one, one) for one in value]
            elif isinstance(value, dict):
                found[name] = {**value, "result": RESULTS_BEFORE.get(value["result"], value["result"])}
        return found

    @cached_property
    def office(self) -> dict[str, Any]:
        """The words of any office."""
        return tomllib.loads(OFFICE.read_text(encoding="utf-8"))

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Kinds of table by name, in the order of the files."""
        kinds: dict[str, Kind] = {}
        for source in self.sources:
            for name, table in source.get("kinds", {}).items():
                if name in kinds:
                    raise ValueError(f"kind {name} is defined twice")
                kinds[name] = _kind(name, table, source.get("fields", {}), self.office["occasions"])
        return kinds

    @cached_property
    def hold(self) -> frozenset[str]:
        """Problem codes after which a person must look at the row: the reader holds it, and so does whoever looks at it again (kit.intake)."""
        return ALWAYS_HELD | {code for source in self.sources for code in source.get("hold", [])}

    @cached_property
    def messages(self) -> dict[str, tuple[str, str]]:
        """The trade's own codes: (Chinese, English)."""
        return {code: (text["zh"], text["en"]) for source in self.sources for code, text in source.get("messages", {}).items()}

    @cached_property
    def all_places(self) -> tuple[Place, ...]:
        """Places with the further names that the word tables give them."""
        more: dict[str, list[str]] = {}
        for source in self.sources:
            for code, names in source.get("place_aliases", {}).items():
                more.setdefault(code, []).extend(names)
        return tuple(replace(p, aliases=(*p.aliases, *more[p.code])) if p.code in more else p for p in self.places)

    @cached_property
    def around(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(prefixes, suffixes) that may stand around a known header without changing it: any office's, and the trade's."""
        tables = (self.office, *self.sources)
        return (
            tuple(word for table in tables for word in table.get("header_prefixes", ())),
            tuple(word for table in tables for word in table.get("header_suffixes", ())),
        )

    def catalogue(self, name: str) -> dict[str, list[str]]:
        """Canonical name -> other names: what was passed in, with the word tables' further names."""
        found = {key: list(names) for key, names in self.catalogues.get(name, {}).items()}
        for source in self.sources:
            for key, names in source.get("catalogues", {}).get(name, {}).items():
                found.setdefault(key, []).extend(names)
        return found

    def to_plain(self) -> dict[str, Any]:
        """JSON-ready, for the parsing process."""
        places = [[p.code, p.name, p.level, list(p.parents), list(p.aliases)] for p in self.places]
        return {"sources": list(self.sources), "places": places, "catalogues": self.catalogues, "learned": self.learned}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Vocabulary:
        """The inverse of `to_plain`."""
        places = tuple(Place(code, name, level, tuple(parents), tuple(aliases)) for code, name, level, parents, aliases in plain["places"])
        return cls(tuple(plain["sources"]), places, plain["catalogues"], plain["learned"])


def _kind(name: str, table: dict[str, Any], shared: dict[str, Any], occasions: Sequence[str]) -> Kind:
    fields: dict[str, Field] = {}
    for field_name in table["fields"]:
        override = table.get("override", {}).get(field_name, {})
        if field_name not in shared and not override:
            raise ValueError(f"kind {name} names the unknown field {field_name}")
        base = shared.get(field_name, {})
        options = {**base, **override}
        headers = (*override.get("headers", ()), *base.get("headers", ()))
        weak = (*override.get("weak", ()), *base.get("weak", ()))
        kind_of_value = options.pop("type", "text")
        if kind_of_value not in TYPES:
            raise ValueError(f"field {field_name} has the unknown type {kind_of_value}")
        fields[field_name] = Field(
            field_name, kind_of_value, headers, weak, {k: v for k, v in options.items() if k not in ("headers", "weak")}
        )
    for one in fields.values():
        if unknown := [by for by in one.options.get("by", {}).values() if by not in fields]:
            raise ValueError(f"field {one.name} is chosen by {unknown[0]}, which kind {name} does not have")
    requires = tuple(tuple(group) for group in table["requires"])
    for needed in [f for group in requires for f in group] + table.get("context", []):
        if needed not in fields:
            raise ValueError(f"kind {name} requires {needed}, which is not one of its fields")
    told_by = frozenset(table.get("told_by", fields))
    if unknown := told_by - fields.keys():
        raise ValueError(f"kind {name} is told by {min(unknown)}, which is not one of its fields")
    named = tuple(table.get("named", ()))
    unless = tuple(word for word in (*table.get("unless", ()), *occasions) if named)
    return Kind(
        name,
        fields,
        requires,
        table.get("unique"),
        tuple(table.get("context", ())),
        table.get("zh", ""),
        table.get("en", ""),
        told_by,
        named,
        unless,
    )
