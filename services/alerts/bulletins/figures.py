"""One whole bulletin as plain frozen data: what is stored, signed, answered as JSON and printed.

Every number that a renderer shows stands here, already rounded; a renderer computes nothing. `digest` is SHA-256 over the canonical
JSON (RFC 8785), so that two copies can be compared and a printed paper can be traced to its figures.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Any

import rfc8785

from services.alerts.bulletins.periods import SHANGHAI, Period
from services.alerts.bulletins.rules import (
    Base,
    Cause,
    Colour,
    ColourRules,
    Count,
    Effect,
    HardFail,
    Indicator,
    PastRating,
    Reason,
    Score,
    TownInputs,
    TownRating,
    compare,
    rate_town,
    round_half_up,
    score_counts,
)

_NOT_PRINTED = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


class Audience(StrEnum):
    """Who may hold this copy: the county office sees every count, all others see `disclosure`'s edition."""

    COUNTY_OFFICE = "county_office"
    UNITS = "units"


class Withheld(StrEnum):
    """What of a cell is kept back: nothing, the counts (the rate stays, in whole per cent), or everything."""

    NOTHING = "nothing"
    COUNTS = "counts"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Cell:
    """One indicator of one line; None = nothing due or withheld.

    `rate` is 0-1 to 0.0001, `weight` after spreading to 0.0001, `points` and `lost` to 0.01. `outside` counts what was done and stands in no
    denominator; `base` says why a cell without anything due is empty.
    """

    indicator: Indicator
    done: int | None
    due: int | None
    rate: Decimal | None
    weight: Decimal
    points: Decimal | None
    lost: Decimal | None
    withheld: Withheld
    base: Base = Base.DUE
    outside: int | None = 0


@dataclass(frozen=True, slots=True)
class FoundFail:
    """A kind of hard fail found in a town; `cases` is None where the number is withheld."""

    kind: HardFail
    cases: int | None


@dataclass(frozen=True, slots=True)
class PastFigure:
    """A line's score and colour in an earlier bulletin."""

    number: str
    score: Decimal | None
    colour: Colour | None


@dataclass(frozen=True, slots=True)
class TownLine:
    """One town or service centre. `past` is oldest first; `running` counts bulletins with the present colour, this one included."""

    division_code: str
    name: str
    score: Decimal | None
    own_colour: Colour
    colour: Colour
    effect: Effect
    causes: tuple[Cause, ...]
    cells: tuple[Cell, ...]
    hard_fails: tuple[FoundFail, ...]
    past: tuple[PastFigure, ...]
    difference: Decimal | None
    running: int


@dataclass(frozen=True, slots=True)
class CountyLine:
    """The county: counts pooled over its towns, the score of the pooled counts, towns per colour. A county has no colour of its own."""

    division_code: str
    name: str
    score: Decimal | None
    cells: tuple[Cell, ...]
    colours: tuple[tuple[Colour, int], ...]
    past: tuple[PastFigure, ...]
    difference: Decimal | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a revision says otherwise than the issue it replaces: a count (`done/due`) or, without an indicator, a colour. None = withheld."""

    division_code: str
    name: str
    indicator: Indicator | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class RulesFigure:
    """The formula as printed: enough to recompute every colour from the counts."""

    version: str
    valid_from: date
    source: str
    is_default: bool
    weights: tuple[tuple[Indicator, Decimal], ...]
    green_from: Decimal
    yellow_from: Decimal
    orange_from: Decimal
    orange_hard_fails: int
    red_hard_fails: int
    small_cell: int


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A whole bulletin. `revision` is 1 for the first issue and rises when a contested figure was corrected; `cut_off` is aware.

    Raises ValueError for a naive cut-off, a revision below 1, or a text with signs that print as nothing or as
    something else (control, direction, private use, surrogates).
    """

    office: str
    number: str
    revision: int
    rhythm: str
    period: str
    first_day: date
    last_day: date
    cut_off: datetime
    issued_on: date
    audience: Audience
    demo: bool
    rules: RulesFigure
    county: CountyLine
    towns: tuple[TownLine, ...]
    notes: tuple[str, ...]
    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be printed or compared."""
        if self.cut_off.tzinfo is None or self.revision < 1:
            raise ValueError("a bulletin needs a cut-off with an offset and a revision from 1")
        for text in (self.office, self.number, self.county.name, *(town.name for town in self.towns), *self.notes):
            if any(unicodedata.category(sign) in _NOT_PRINTED for sign in text):
                raise ValueError("texts of a bulletin must not hold control, format, private or surrogate characters")

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hex digits over the canonical JSON of this very copy.

        A wider edition never carries the digest of the office's edition: with few possible counts it would give them away.
        """
        return "sha256:" + hashlib.sha256(canonical(self)).hexdigest()


@dataclass(frozen=True, slots=True)
class TownEntry:
    """What `assemble` needs of a town: its name, its inputs and what earlier bulletins said, oldest first."""

    name: str
    inputs: TownInputs
    past: tuple[PastRating, ...] = ()
    outside: Mapping[Indicator, int] = field(default_factory=dict)
    """Indicator → what was done and stands in no denominator."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Who issues the bulletin and when, and what the office adds to it."""

    office: str
    county_code: str
    county_name: str
    issued_on: date
    revision: int = 1
    notes: tuple[str, ...] = ()
    demo: bool = False
    county_past: tuple[PastFigure, ...] = ()
    changes: tuple[Change, ...] = ()


def assemble(period: Period, rules: ColourRules, towns: Sequence[TownEntry], heading: Heading) -> Bulletin:
    """Rate every town and put the bulletin together, in the county office's edition; towns in the order of their division codes.

    Raises ValueError when a town stands twice in the list.
    """
    codes = [entry.inputs.division_code for entry in towns]
    if len(set(codes)) != len(codes):
        raise ValueError("a town stands twice in the bulletin")
    lines = tuple(_town_line(entry, rules) for entry in sorted(towns, key=lambda entry: entry.inputs.division_code))
    pooled = {
        i: Count(sum(entry.inputs.counts[i].done for entry in towns), sum(entry.inputs.counts[i].due for entry in towns)) for i in Indicator
    }
    return Bulletin(
        office=heading.office,
        number=str(period.number),
        revision=heading.revision,
        rhythm=period.rhythm.value,
        period=period.label,
        first_day=period.start,
        last_day=period.end,
        cut_off=period.cut_off,
        issued_on=heading.issued_on,
        audience=Audience.COUNTY_OFFICE,
        demo=heading.demo,
        rules=_rules_figure(rules),
        county=_county_line(
            heading, score_counts(pooled, rules), lines, {i: sum(entry.outside.get(i, 0) for entry in towns) for i in Indicator}
        ),
        towns=lines,
        notes=heading.notes,
        changes=heading.changes,
    )


def _town_line(entry: TownEntry, rules: ColourRules) -> TownLine:
    rating: TownRating = rate_town(entry.inputs, rules, entry.past[-1].own_colour if entry.past else None)
    trend = compare(rating.score, rating.colour, entry.past)
    return TownLine(
        division_code=rating.division_code,
        name=entry.name,
        score=rating.score,
        own_colour=rating.own_colour,
        colour=rating.colour,
        effect=rating.effect,
        causes=rating.causes,
        cells=tuple(_cell(reason, entry.outside.get(reason.indicator, 0)) for reason in rating.reasons),
        hard_fails=tuple(FoundFail(kind, cases) for kind, cases in rating.hard_fails),
        past=tuple(PastFigure(past.number, past.score, past.colour) for past in entry.past),
        difference=trend.difference,
        running=trend.running,
    )


def _county_line(heading: Heading, score: Score, lines: tuple[TownLine, ...], outside: Mapping[Indicator, int]) -> CountyLine:
    last = heading.county_past[-1].score if heading.county_past else None
    return CountyLine(
        division_code=heading.county_code,
        name=heading.county_name,
        score=score.value,
        cells=tuple(_cell(reason, outside[reason.indicator]) for reason in score.reasons),
        colours=tuple((colour, sum(line.colour is colour for line in lines)) for colour in Colour),
        past=heading.county_past,
        difference=None if last is None or score.value is None else score.value - last,
    )


def _cell(reason: Reason, outside: int) -> Cell:
    base = Base.DUE if reason.count.due else Base.UNKNOWN if outside else Base.NOTHING_DUE
    return Cell(
        indicator=reason.indicator,
        done=reason.count.done,
        due=reason.count.due,
        rate=None if reason.rate is None else round_half_up(reason.rate, 4),
        weight=round_half_up(Fraction(reason.weight), 4),
        points=None if reason.rate is None else reason.points,
        lost=None if reason.rate is None else reason.lost,
        withheld=Withheld.NOTHING,
        base=base,
        outside=outside,
    )


def _rules_figure(rules: ColourRules) -> RulesFigure:
    return RulesFigure(
        version=rules.version,
        valid_from=rules.valid_from,
        source=rules.source,
        is_default=rules.is_default,
        weights=tuple((i, rules.weights[i]) for i in Indicator),
        green_from=rules.green_from,
        yellow_from=rules.yellow_from,
        orange_from=rules.orange_from,
        orange_hard_fails=rules.orange_hard_fails,
        red_hard_fails=rules.red_hard_fails,
        small_cell=rules.small_cell,
    )


def as_json(value: Any) -> Any:
    """A figure as JSON values: decimals as strings (a float would change them), days ISO 8601, instants RFC 3339 in +08:00.

    Raises TypeError for a value that no figure holds.
    """
    match value:
        case None | bool() | Enum():
            return value.value if isinstance(value, Enum) else value
        case str() | int():
            return value
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(SHANGHAI).isoformat()
        case date():
            return value.isoformat()
        case Mapping():
            return {str(as_json(key)): as_json(item) for key, item in value.items()}
        case tuple() | list():
            return [as_json(item) for item in value]
        case _ if is_dataclass(value):
            return {part.name: as_json(getattr(value, part.name)) for part in fields(value)}
        case _:
            raise TypeError(f"no figure holds a {type(value).__name__}")


def canonical(bulletin: Bulletin) -> bytes:
    """The bulletin's canonical JSON (RFC 8785, UTF-8): the same figures are the same bytes everywhere."""
    return rfc8785.dumps(as_json(bulletin))
