"""From frozen inputs to the bulletin and back: the same inputs are the same bytes, today and in ten years. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.alerts.bulletins.figures import Bulletin, Change, Heading, PastFigure, TownEntry, assemble
from services.alerts.bulletins.formulas import FORMULAS, named
from services.alerts.bulletins.periods import Period, Rhythm, period_of
from services.alerts.bulletins.rules import Colour, ColourRules, Count, HardFail, Indicator, PastRating, TownInputs

SCHEMA_VERSION = 2
"""Shape of the stored inputs. 1: the first release, without a number; 2: the items behind each cell beside the counts."""

FROM_REGISTRY: Mapping[str, Indicator] = {
    "report_in": Indicator.REPORT_IN,
    "execution": Indicator.EXECUTION,
    "visit": Indicator.VISIT_COMPLETION,
    "handover": Indicator.HANDOVER_ACKNOWLEDGEMENT,
    "closure": Indicator.LAWFUL_CLOSURE,
}
"""What the registry counts, by its own words."""
FROM_TESTING: Mapping[str, Indicator] = {"test": Indicator.TEST_COMPLETION}
FAILS: Mapping[str, HardFail] = {
    "unsigned_over_30": HardFail.UNSIGNED_AGREEMENT,
    "past_end": HardFail.SUPERVISION_PAST_LAWFUL_END,
}


def town_inputs(
    name: str, code: str, registry: Mapping[str, Any], tested: Mapping[str, Any], handled: Sequence[int], past: Sequence[PastRating]
) -> dict[str, Any]:
    """One town as it is stored: seven `[done, due]`, what was done outside every denominator, the hard fails found, and what earlier bulletins said."""
    counts: dict[str, list[int]] = {indicator.value: list(registry.get(word, (0, 0))) for word, indicator in FROM_REGISTRY.items()}
    counts[Indicator.TEST_COMPLETION.value] = list(tested.get("test", (0, 0)))
    counts[Indicator.ALERT_HANDLING.value] = list(handled)
    beside = registry.get("outside", {}) | tested.get("outside", {})
    outside = {indicator.value: int(beside.get(word) or 0) for word, indicator in {**FROM_REGISTRY, **FROM_TESTING}.items()}
    fails = {fail.value: int(registry.get(word) or 0) for word, fail in FAILS.items()}
    return {
        "code": code,
        "name": name,
        "counts": counts,
        "outside": {name: count for name, count in outside.items() if count},
        "hard_fails": {kind: cases for kind, cases in fails.items() if cases},
        "past": [
            {
                "number": rating.number,
                "score": None if rating.score is None else str(rating.score),
                "colour": rating.colour.value,
                "own_colour": rating.own_colour.value,
            }
            for rating in past
        ],
    }


def bulletin_of(inputs: Mapping[str, Any], formulas: Sequence[ColourRules] = FORMULAS) -> Bulletin:
    """The office's edition from stored inputs: of a draft, or once of a bulletin that the first release published.

    Raises ValueError or LookupError when they contradict themselves or are of a shape that only a newer release knows.
    """
    if not 1 <= inputs.get("schema_version", 1) <= SCHEMA_VERSION:
        raise ValueError("these inputs were stored by a newer release")
    heading = inputs["heading"]
    return assemble(
        period_from(inputs),
        named(formulas, inputs["rules"]),
        [_entry(town) for town in inputs["towns"]],
        Heading(
            office=heading["office"],
            county_code=heading["county_code"],
            county_name=heading["county_name"],
            issued_on=date.fromisoformat(heading["issued_on"]),
            revision=heading["revision"],
            notes=tuple(heading["notes"]),
            demo=heading["demo"],
            county_past=tuple(PastFigure(past["number"], _score(past["score"]), None) for past in heading["county_past"]),
            changes=tuple(_change(change) for change in heading["changes"]),
        ),
    )


def period_from(inputs: Mapping[str, Any]) -> Period:
    """The period that the inputs are about."""
    return period_of(date.fromisoformat(inputs["first_day"]), Rhythm(inputs["rhythm"]))


def _score(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _entry(town: Mapping[str, Any]) -> TownEntry:
    counts = {Indicator(name): Count(done, due) for name, (done, due) in town["counts"].items()}
    fails = {HardFail(kind): cases for kind, cases in town["hard_fails"].items()}
    past = tuple(
        PastRating(rating["number"], _score(rating["score"]), Colour(rating["colour"]), Colour(rating["own_colour"]))
        for rating in town["past"]
    )
    outside = {Indicator(name): count for name, count in town["outside"].items()}
    return TownEntry(town["name"], TownInputs(town["code"], counts, fails), past, outside)


def _change(stored: Mapping[str, Any]) -> Change:
    indicator = None if stored["indicator"] is None else Indicator(stored["indicator"])
    return Change(stored["code"], stored["name"], indicator, stored["before"], stored["after"])


def items_behind(neighbours: Sequence[Mapping[str, Any]], reviewed: Mapping[str, tuple[list[str], list[str]]]) -> dict[str, Any]:
    """Town → indicator → ids behind its count, done and open: persons for the registry's duties, due tests, alerts."""
    words = {**FROM_REGISTRY, **FROM_TESTING}
    found: dict[str, dict[str, Any]] = {}
    for said in neighbours:
        for code, cells in said.items():
            found.setdefault(code, {}).update({words[word].value: ids for word, ids in cells.items() if word in words})
    for code, (done, left) in reviewed.items():
        found.setdefault(code, {})[Indicator.ALERT_HANDLING.value] = {"done": done, "open": left}
    return found


Stored = Mapping[str, Any]
"""The office's edition of a published bulletin, read from its canonical JSON: the past is what was published, not what today's code makes of it."""


def changes_between(replaced: Stored, whole: Bulletin) -> list[dict[str, str | None]]:
    """What a bulletin says otherwise than the issue it replaces, as stored: counts and colours of towns, in their order."""
    before = {line["division_code"]: line for line in replaced["towns"]}
    found: list[dict[str, str | None]] = []
    for line in whole.towns:
        old = before.get(line.division_code)
        cells = {} if old is None else {cell["indicator"]: f"{cell['done']}/{cell['due']}" for cell in old["cells"]}
        for cell in line.cells:
            was, now = cells.get(cell.indicator.value, ""), f"{cell.done}/{cell.due}"
            if was != now:
                found.append(_stored_change(line.division_code, line.name, cell.indicator.value, was, now))
        if old is None or old["colour"] != line.colour.value:
            found.append(_stored_change(line.division_code, line.name, None, "" if old is None else old["colour"], line.colour.value))
    return found


def _stored_change(code: str, name: str, indicator: str | None, before: str, after: str) -> dict[str, str | None]:
    return {"code": code, "name": name, "indicator": indicator, "before": before, "after": after}


def past_of(published: Sequence[Stored], code: str) -> list[PastRating]:
    """What earlier bulletins, oldest first, said of a town."""
    return [
        PastRating(bulletin["number"], _score(line["score"]), Colour(line["colour"]), Colour(line["own_colour"]))
        for bulletin in published
        for line in bulletin["towns"]
        if line["division_code"] == code
    ]


def county_past_of(published: Sequence[Stored]) -> list[dict[str, str | None]]:
    """The county's scores in earlier bulletins, as stored."""
    return [{"number": bulletin["number"], "score": bulletin["county"]["score"]} for bulletin in published]
