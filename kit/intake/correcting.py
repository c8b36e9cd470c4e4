"""Cells typed by hand: read by the same parsers as the workbook, kept as corrections, applied again when the file is read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from kit.db import new_id
from kit.intake import store
from kit.intake.intake import DUPLICATE_CODE, OUT_OF_SCOPE, Intake
from kit.intake.policy import acting
from kit.intake.staging import TABLE, open_record, seal_record
from kit.problems import FieldError, Invalid
from kit.sheets import Vocabulary
from kit.sheets.cells import Setting, parser_for
from kit.sheets.identity import birth_of, sex_of
from kit.sheets.places import Gazetteer
from kit.work import Work

CORRECTION = "ledger_correction"


def parsed(
    intake: Intake, vocabulary: Vocabulary, setting: Setting, kind: str, record: Mapping[Any, Any], values: Mapping[str, str | None]
) -> dict[str, Any]:
    """The typed values. Raises Invalid with a pointer for each that cannot be read."""
    fields = vocabulary.kinds[kind].fields
    errors: list[FieldError] = []
    fixed: dict[str, Any] = {}
    for name in sorted(values, key=lambda item: "within" in (fields[item].options if item in fields else {})):
        text = values[name]
        if name not in fields:
            errors.append(
                FieldError(f"/values/{name[:60]}", "unknown_field", "此类台账没有这一项", "this kind of ledger has no such field")
            )
            continue
        if text is None:
            fixed[name] = None
            continue
        if fields[name].type == "place":
            value, code = _place(vocabulary, fields[name].options, text, {**record, **fixed})
        else:
            value, code = parser_for(fields[name], vocabulary, setting)(text)
        if value is None or (code is not None and code in intake.hold_codes):
            zh, en = intake.message(code or "VALUE_MISSING", None)
            errors.append(FieldError(f"/values/{name}", (code or "VALUE_MISSING").lower(), zh, en))
        fixed[name] = value
    if errors:
        raise Invalid(errors=errors)
    return fixed


def _place(vocabulary: Vocabulary, options: Mapping[Any, Any], text: str, record: Mapping[Any, Any]) -> tuple[str | None, str | None]:
    levels = frozenset(options["levels"])
    digits = options.get("code_digits")
    known = next((place for place in vocabulary.all_places if place.code[:digits] == text and place.level in levels), None)
    if known is not None:
        return text, None
    gazetteer = Gazetteer(vocabulary.all_places, vocabulary.office["provinces"], vocabulary.office["place_tails"])
    codes, near = gazetteer.find(text, levels, record.get(options["within"]) if "within" in options else None)
    if len(codes) == 1 and near:
        return codes[0][:digits], None
    return None, options.get("unknown", "PLACE_UNKNOWN") if not codes else "PLACE_AMBIGUOUS" if len(codes) > 1 else "PLACE_ELSEWHERE"


def agreed(vocabulary: Vocabulary, kind: str, record: dict[str, Any]) -> None:
    """Sex and birth date follow the ID number (GB 11643)."""
    by_type = {field.type: name for name, field in vocabulary.kinds[kind].fields.items()}
    number = record.get(by_type.get("id_number", ""))
    if number:
        for kind_of_value, value in (("sex", sex_of(number)), ("birth_date", birth_of(number))):
            if kind_of_value in by_type:
                record[by_type[kind_of_value]] = value


async def apply(work: Work, intake: Intake, row: Mapping[Any, Any], vocabulary: Vocabulary, fixed: Mapping[Any, Any]) -> None:
    """Write corrected values into a staged row: its problems of these fields go, its key and its doubles are looked up anew."""
    import_id: UUID = row["import_id"]
    record, raw = open_record(work.sealer, import_id, row["number"], row["record_sealed"])
    record.update(fixed)
    agreed(vocabulary, row["kind"], record)
    left = [p for p in row["problems"] or [] if p["field"] not in fixed and p["code"] not in (DUPLICATE_CODE, OUT_OF_SCOPE)]
    key_field = next((name for name in intake.key_fields if name in vocabulary.kinds[row["kind"]].fields), None)
    key = work.sealer.index(intake.key_purpose, record[key_field]) if key_field and record.get(key_field) else None
    division = record.get(intake.division_field)
    imported = await store.found(work.session, intake.tables, import_id)
    assert imported is not None
    if division is not None and not acting(imported).covers(division):
        left.append({"code": OUT_OF_SCOPE, "field": intake.division_field, "cell": "", "args": {}})
    if key is not None and vocabulary.kinds[row["kind"]].unique is not None:
        twin = await store.twin_in_file(work.session, intake.tables, row, key)
        if twin is not None:
            args = {"first_row": twin["row"]} | ({"first_sheet": twin["sheet"]} if twin["sheet"] != row["sheet"] else {})
            left.append({"code": DUPLICATE_CODE, "field": key_field, "cell": "", "args": args})
    await store.change_row(
        work.session,
        intake.tables,
        import_id,
        row["number"],
        record_sealed=seal_record(work.sealer, import_id, row["number"], record, {k: v for k, v in raw.items() if k not in fixed}),
        problems=left or None,
        codes=list(dict.fromkeys(p["code"] for p in left)),
        key_index=key,
        object_id=None,
        division_code=division,
    )


async def keep(work: Work, intake: Intake, row: Mapping[Any, Any], action: str, values: Mapping[str, str | None], reason: str) -> None:
    """Remember what was done by hand; append-only."""
    key = new_id()
    sealed = work.sealer.seal(json.dumps(dict(values), ensure_ascii=False), CORRECTION, "values", str(key))
    entry = {
        "id": key,
        "import_id": row["import_id"],
        "sheet": row["sheet"],
        "row": row["row"],
        "action": action,
        "fields": sorted(values),
        "values_sealed": sealed,
        "reason": reason,
        "recorded_by": work.principal.subject,
        "recorded_at": work.now,
    }
    await store.add_correction(work.session, intake.tables, entry)


async def apply_again(work: Work, intake: Intake, found: Mapping[Any, Any]) -> None:
    """Bring the corrections of an import onto its rows after another reading; one that no longer fits stays undone and its row held."""
    kept = await store.corrections(work.session, intake.tables, found["id"])
    if not kept:
        return
    vocabulary, setting = await intake.vocabulary(work, found["scope"]), setting_of(work, found)
    rows = {(r["sheet"], r["row"]): r["number"] for r in await store.places_of(work.session, intake.tables, found["id"])}
    for entry in kept:
        number = rows.get((entry["sheet"], entry["row"]))
        row = await store.row(work.session, intake.tables, found["id"], number) if number is not None else None
        if row is None:
            continue
        if entry["action"] == "discard":
            await store.change_row(work.session, intake.tables, found["id"], row["number"], disposition="discard")
            continue
        values = json.loads(work.sealer.open(bytes(entry["values_sealed"]), CORRECTION, "values", str(entry["id"])))
        record, _ = open_record(work.sealer, found["id"], row["number"], row["record_sealed"])
        try:
            fixed = parsed(intake, vocabulary, setting, row["kind"], record, values)
        except (Invalid, KeyError):
            continue
        await apply(work, intake, row, vocabulary, fixed)


def setting_of(work: Work, found: Mapping[Any, Any]) -> Setting:
    """What parsing depends on besides the words."""
    return Setting(found["as_of"], work.house.demo, date1904=False)


__all__ = ["TABLE", "apply", "apply_again", "keep", "parsed", "setting_of"]
