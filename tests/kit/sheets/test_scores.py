"""Nineteen practice ledgers with every mess that offices make: each value, problem, disposition and row kind as expected."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from typing import Any

import pytest

from kit.sheets import Block, Layout, Row, Totals, Vocabulary, read_blocks
from tests.boards import Board
from tests.kit.sheets.conftest import LEDGERS, county_places

NAMES = sorted(path.name.removesuffix(".expected.json.gz") for path in LEDGERS.glob("[0-9]*.expected.json.gz"))
Facts = set[tuple[Any, ...]]


def expected_of(name: str) -> dict[str, Any]:
    """The expected reading of a practice ledger."""
    return json.loads(gzip.decompress((LEDGERS / f"{name}.expected.json.gz").read_bytes()))


_READ: dict[str, tuple[Layout, list[Row], Totals]] = {}


def read_once(expected: dict[str, Any], vocabulary: Vocabulary) -> tuple[Layout, list[Row], Totals]:
    """The reading with all words, kept for the next test."""
    if expected["file"] not in _READ:
        _READ[expected["file"]] = read_all(expected, vocabulary)
    return _READ[expected["file"]]


def read_all(expected: dict[str, Any], vocabulary: Vocabulary) -> tuple[Layout, list[Row], Totals]:
    """The whole workbook at once."""
    layout, rows, totals = None, [], None
    for part in read_blocks(LEDGERS / expected["file"], vocabulary, as_of=dt.date.fromisoformat(expected["as_of"]), demo=True):
        if isinstance(part, Layout):
            layout = part
        elif isinstance(part, Block):
            rows += part.rows
        else:
            totals = part
    assert layout is not None and totals is not None
    return layout, rows, totals


def namesakes() -> set[tuple[str, str]]:
    """(town, name) of villages and communities that share a short name inside one town: the cell alone cannot say which."""
    seen: dict[tuple[str, str], set[str]] = {}
    for place in county_places():
        if place.level in ("village", "community"):
            for parent in place.parents:
                for alias in place.aliases:
                    seen.setdefault((parent, alias), set()).add(place.code)
    return {key for key, codes in seen.items() if len(codes) > 1}


NAMESAKES = namesakes()


def undecidable(rows: list[Row]) -> set[tuple[str, int]]:
    """Rows whose village is a namesake and was rightly left open."""
    return {
        (row.sheet, row.row)
        for row in rows
        for problem in row.problems
        if problem.code == "PLACE_AMBIGUOUS" and (row.record["town_code"], problem.raw) in NAMESAKES
    }


def cell_facts(sheet: str, row: int, record: dict[str, Any], leave: set[tuple[str, int]]) -> Facts:
    """Every value that is there; 3 and 3.0 are one number."""
    return {
        (
            sheet,
            row,
            name,
            json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value, ensure_ascii=False, sort_keys=True),
        )
        for name, value in record.items()
        if value is not None and not (name == "village_code" and (sheet, row) in leave)
    }


def layout_facts(tables: list[dict[str, Any]]) -> Facts:
    """Kind, rows, columns and context of every table."""
    facts: Facts = set()
    for number, table in enumerate(tables):
        facts |= {(number, key, str(table[key])) for key in ("sheet", "kind", "header_rows", "first_data_row", "last_data_row")}
        facts |= {(number, "column", letter, name) for letter, name in table["columns"].items()}
        facts |= {(number, "context", name, code) for name, code in table.get("context", {}).items()}
    return facts


def tables_of(layout: Layout) -> list[dict[str, Any]]:
    """The layout's tables in the form of the expected ones."""
    return [
        {"sheet": t.sheet, "kind": t.kind, "header_rows": list(t.header_rows), "first_data_row": t.first_data_row, "last_data_row": t.last_data_row, "columns": t.columns, "context": t.context}
        for t in layout.tables
    ]  # fmt: skip


def score(got: Facts, wanted: Facts) -> tuple[float, float]:
    """(precision, recall); of nothing, both are one."""
    right = len(got & wanted)
    return (right / len(got) if got else 1.0), (right / len(wanted) if wanted else 1.0)


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_problem_and_row_of_a_practice_ledger_is_read_as_expected(name: str, all_words: Vocabulary, board: Board) -> None:
    expected = expected_of(name)
    layout, rows, totals = read_once(expected, all_words)
    leave = undecidable(rows)
    pairs: dict[str, tuple[Facts, Facts]] = {
        "cells": (
            {fact for row in rows for fact in cell_facts(row.sheet, row.row, row.record, leave)},
            {fact for row in expected["rows"] for fact in cell_facts(row["sheet"], row["row"], row["record"], leave)},
        ),
        "problems": (
            {
                (r.sheet, r.row, p.code, p.cell, p.field, p.args.get("first_row"))
                for r in rows
                for p in r.problems
                if not (p.code == "PLACE_AMBIGUOUS" and (r.sheet, r.row) in leave)
            },
            {(r["sheet"], r["row"], p["code"], p["cell"], p["field"], p.get("first_row")) for r in expected["rows"] for p in r["problems"]},
        ),
        "dispositions": (
            {(r.sheet, r.row, r.disposition) for r in rows},
            {(r["sheet"], r["row"], r["disposition"]) for r in expected["rows"]},
        ),
        "layout": (layout_facts(tables_of(layout)), layout_facts(expected["tables"])),
        "other rows": (
            {(o.sheet, o.row, o.why) for o in layout.non_data_rows} | {(s.sheet, "ignored") for s in layout.ignored_sheets},
            {tuple(o) for o in expected["non_data_rows"]} | {(s["sheet"], "ignored") for s in expected["ignored_sheets"]},
        ),
    }
    scores = {what: score(got, wanted) for what, (got, wanted) in pairs.items()}
    told = "  ".join(f"{what} {precision:.4f}/{recall:.4f}" for what, (precision, recall) in scores.items())
    board(
        "ledgers: precision / recall (cells, problems, dispositions, layout, other rows)",
        f"{name[:22]:<24}{len(rows):>6} rows  {told}" + (f"  ({len(leave)} namesakes left open)" if leave else ""),
    )
    wrong = {
        what: (sorted(map(str, got - wanted))[:5], sorted(map(str, wanted - got))[:5])
        for what, (got, wanted) in pairs.items()
        if got != wanted
    }
    assert not wrong, wrong
    assert totals.dispositions == expected["counts"]
    assert set(scores.values()) == {(1.0, 1.0)}


def test_only_villages_of_one_name_in_one_town_are_left_open_and_only_where_no_address_helps(all_words: Vocabulary) -> None:
    open_cells = {}
    for name in NAMES:
        _, rows, _ = read_once(expected_of(name), all_words)
        if found := undecidable(rows):
            open_cells[name] = len(found)
            assert all("address" not in row.record for row in rows)
            assert all(row.record["village_code"] is None for row in rows if (row.sheet, row.row) in found)
    assert sum(open_cells.values()) == 9 and len(open_cells) == 1


KINDS = {"registry": {"person", "transfer", "clean3", "visit"}, "testing": {"urine", "hair", "practitioner"}, "precursor": {"company"}}


@pytest.mark.parametrize("name", NAMES)
def test_a_service_alone_recognises_its_own_tables_and_nobody_elses(name: str, one_service: tuple[str, Vocabulary]) -> None:
    service, vocabulary = one_service
    expected = expected_of(name)
    layout, rows, _ = read_all(expected, vocabulary)
    mine = [table for table in expected["tables"] if table["kind"] in KINDS[service]]
    assert layout_facts(tables_of(layout)) == layout_facts(mine)
    assert len(rows) == sum(
        any(t["sheet"] == r["sheet"] and t["first_data_row"] <= r["row"] <= t["last_data_row"] for t in mine) for r in expected["rows"]
    )
    others = [table for table in expected["tables"] if table["kind"] not in KINDS[service]]
    assert len(layout.unrecognised) == len(others) + (expected["kind"] == "summary")
