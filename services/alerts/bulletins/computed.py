"""From frozen inputs to the bulletin and back: the same inputs are the same bytes, today and in ten years. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.alerts.bulletins.figures import Bulletin, Change, Heading, PastFigure, TownEntry, assemble
from services.alerts.bulletins.periods import Period, Rhythm, period_of
from services.alerts.bulletins.rules import DEFAULT_RULES, Colour, ColourRules, Count, HardFail, Indicator, PastRating, TownInputs

RULES: tuple[ColourRules, ...] = (DEFAULT_RULES,)
"""Every version of the formula that was ever in force: a published bulletin names its own, so none may be taken away."""

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


def rules_named(version: str) -> ColourRules:
    """The formula of a version. Raises LookupError."""
    for rules in RULES:
        if rules.version == version:
            return rules
    raise LookupError(f"no colour rules {version}")


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


def bulletin_of(inputs: Mapping[str, Any]) -> Bulletin:
    """The office's edition from stored inputs. Raises ValueError or LookupError when they contradict themselves."""
    heading = inputs["heading"]
    return assemble(
        period_from(inputs),
        rules_named(inputs["rules"]),
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


def changes_between(replaced: Bulletin, inputs: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """What the bulletin of these inputs says otherwise than the issue it replaces, as stored: counts and colours of towns, in their order."""
    before = {line.division_code: line for line in replaced.towns}
    found: list[dict[str, str | None]] = []
    for line in bulletin_of(inputs).towns:
        old = before.get(line.division_code)
        for place, cell in enumerate(line.cells):
            was, now = "" if old is None else f"{old.cells[place].done}/{old.cells[place].due}", f"{cell.done}/{cell.due}"
            if was != now:
                found.append(_told(line.division_code, line.name, cell.indicator.value, was, now))
        if old is None or old.colour is not line.colour:
            found.append(_told(line.division_code, line.name, None, "" if old is None else old.colour.value, line.colour.value))
    return found


def _told(code: str, name: str, indicator: str | None, before: str, after: str) -> dict[str, str | None]:
    return {"code": code, "name": name, "indicator": indicator, "before": before, "after": after}


def past_of(bulletins: Sequence[Bulletin], code: str) -> list[PastRating]:
    """What earlier bulletins, oldest first, said of a town."""
    return [
        PastRating(bulletin.number, line.score, line.colour, line.own_colour)
        for bulletin in bulletins
        for line in bulletin.towns
        if line.division_code == code
    ]


def county_past_of(bulletins: Sequence[Bulletin]) -> list[dict[str, str | None]]:
    """The county's scores in earlier bulletins, as stored."""
    return [
        {"number": bulletin.number, "score": None if bulletin.county.score is None else str(bulletin.county.score)}
        for bulletin in bulletins
    ]
