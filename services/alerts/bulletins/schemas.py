"""Messages of bulletins."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.schemas import Answer, Day, Message
from kit.steps.taking import NextStep
from services.alerts.bulletins.figures import Audience, Withheld
from services.alerts.bulletins.periods import Rhythm
from services.alerts.bulletins.rules import (
    Base,
    BulletinState,
    Cause,
    Colour,
    Effect,
    HardFail,
    Indicator,
)

Note = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Notes = Annotated[list[Note], Field(max_length=20)]


class NewBulletin(Message):
    """Collect the figures of the period that holds `day` (default: the last closed one)."""

    rhythm: Rhythm = Rhythm.HALF_MONTH
    day: Day | None = None
    notes: Notes = []


class BulletinPatch(Message):
    """JSON Merge Patch (RFC 7396) of a draft."""

    notes: Notes


class BulletinRow(Answer):
    """A bulletin in a list."""

    id: UUID
    number: str
    rhythm: Rhythm
    first_day: date
    last_day: date
    revision: int
    state: BulletinState
    collected_at: datetime
    version: int


class CellAnswer(Answer):
    """One indicator of one line: done out of due; numbers with decimals are texts, so that no reader rounds them. Null: nothing due, or withheld."""

    indicator: Indicator
    done: int | None
    due: int | None
    rate: str | None
    weight: str
    points: str | None
    lost: str | None
    withheld: Withheld
    base: Base
    outside: int | None


class FailAnswer(Answer):
    """A kind of hard fail found in a town; `cases` is null where the number is withheld."""

    kind: HardFail
    cases: int | None


class PastAnswer(Answer):
    """Score and colour in an earlier bulletin; a county has no colour."""

    number: str
    score: str | None
    colour: Colour | None


class TownLineAnswer(Answer):
    """One town: its colour, why it has it, what follows, and the seven cells behind it."""

    unnamed = frozenset({"division_code"})

    division_code: str
    name: str
    score: str | None
    own_colour: Colour
    colour: Colour
    effect: Effect
    causes: list[Cause]
    cells: list[CellAnswer]
    hard_fails: list[FailAnswer]
    past: list[PastAnswer]
    difference: str | None
    running: int


class CountyLineAnswer(Answer):
    """The county: counts pooled over its towns, and how many towns have each colour."""

    unnamed = frozenset({"division_code"})

    division_code: str
    name: str
    score: str | None
    cells: list[CellAnswer]
    colours: list[tuple[Colour, int]]
    past: list[PastAnswer]
    difference: str | None


class CorrectionAnswer(Answer):
    """What a revision says otherwise than the issue before: a count (`done/due`), or without an indicator a colour. Null: withheld."""

    unnamed = frozenset({"division_code"})

    division_code: str
    name: str
    indicator: Indicator | None
    before: str | None
    after: str | None


class FormulaAnswer(Answer):
    """The formula as published: enough to compute every colour again from the counts."""

    version: str
    valid_from: date
    source: str
    is_default: bool
    weights: list[tuple[Indicator, str]]
    green_from: str
    yellow_from: str
    orange_from: str
    orange_hard_fails: int
    red_hard_fails: int
    small_cell: int


class BulletinFigures(Answer):
    """A whole bulletin in the edition of its audience."""

    office: str
    number: str
    revision: int
    rhythm: Rhythm
    period: str
    first_day: date
    last_day: date
    cut_off: datetime
    issued_on: date
    audience: Audience
    demo: bool
    rules: FormulaAnswer
    county: CountyLineAnswer
    towns: list[TownLineAnswer]
    notes: list[str]
    changes: list[CorrectionAnswer]


class BulletinAnswer(BulletinRow):
    """A bulletin with all its figures, in the edition of the audience; `digest` is SHA-256 over that edition's canonical JSON (RFC 8785)."""

    audience: Audience
    digest: str
    bulletin: BulletinFigures
    next_steps: list[NextStep]


class ItemsAnswer(Answer):
    """What stood behind one cell when the bulletin was published: ids of persons, of due tests (`test_completion`) or of alerts (`alert_handling`)."""

    division_code: str
    indicator: Indicator
    done: list[UUID]
    open: list[UUID]
