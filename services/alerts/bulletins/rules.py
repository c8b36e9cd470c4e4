"""The formula of the four-colour bulletin: from counts to score, colour and reasons. Pure and exact.

Source: no law sets a formula. The county's paper says only that the colours exist and what they are for (to point out problems and to
supervise); weights, thresholds and hard fails are DEFAULT values of ours: dated data in `formulas.toml`, published with every bulletin, and replaceable.

Rounding: all arithmetic is in fractions; only what is published is rounded, half away from zero (ROUND_HALF_UP), to 0.01. The colour
is read from the published score, so that a printed 95.00 is never yellow. The points of a town add up to its score: hundredths are
allotted by largest remainder, ties to the earlier indicator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Literal, get_args

from kit.steps.machine import START, Machine, step

RenderedForm = Literal["pdf", "png"]


PrintedForm = Literal["pdf", "xlsx"]


BulletinState = Literal["draft", "published"]
BULLETIN_STATES: tuple[BulletinState, ...] = get_args(BulletinState)
_OFFICE = ("county_officer",)

BULLETIN = Machine(
    "alerts.bulletin.state",
    BULLETIN_STATES,
    (
        step("collect", START, "draft", "NCL art. 5; domain 5", "汇总", "collect", roles=_OFFICE, needs="rhythm"),
        step("collect", "draft", "draft", "NCL art. 5; domain 5", "重新汇总", "collect again", roles=_OFFICE, needs="rhythm day"),
        step("amend", "draft", "draft", "NCL art. 5; domain 5", "修改说明", "amend the notes", roles=_OFFICE, needs="notes"),
        step("publish", "draft", "published", "NCL art. 5; domain 5", "印发", "publish", roles=_OFFICE, duty=True),
    ),
)
"""A draft is collected as often as the office wants; what is published stays, and a corrected figure is a new revision."""


class Indicator(StrEnum):
    """The seven duties that count, in printed order. Positives found and people sent to isolation are left out on purpose."""

    REPORT_IN = "report_in"
    EXECUTION = "execution"
    TEST_COMPLETION = "test_completion"
    VISIT_COMPLETION = "visit_completion"
    ALERT_HANDLING = "alert_handling"
    HANDOVER_ACKNOWLEDGEMENT = "handover_acknowledgement"
    LAWFUL_CLOSURE = "lawful_closure"

    @property
    def symbol(self) -> str:
        """The letter in the published formula: R E T V A H C."""
        return "RETVAHC"[list(Indicator).index(self)]


class Base(StrEnum):
    """What a rate stands on.

    `unknown`: something was done, but nobody knows out of how much, as when a ledger lists the tests that were taken and none that were missed.
    A rate over such a list is always 100 %, so there is none.
    """

    DUE = "due"
    NOTHING_DUE = "nothing_due"
    UNKNOWN = "unknown"


class HardFail(StrEnum):
    """Failures that a score cannot compensate; each is a human finding, never a machine's guess."""

    SUPERVISION_PAST_LAWFUL_END = "supervision_past_lawful_end"
    DATA_LEAK = "data_leak"
    TEST_WITHOUT_LEGAL_BASIS = "test_without_legal_basis"
    UNSIGNED_AGREEMENT = "unsigned_agreement"
    FORGED_RECORD = "forged_record"


class Colour(StrEnum):
    """Colours of a town's work, from good to bad; `not_rated` when nothing was due."""

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    NOT_RATED = "not_rated"


class Effect(StrEnum):
    """What a colour leads to. A machine proposes it, the office orders it."""

    LISTED = "listed"
    REMINDER = "reminder"
    WRITTEN_SUPERVISION = "written_supervision"
    INTERVIEW = "interview"
    NONE = "none"


class Cause(StrEnum):
    """Why a town has its colour; several may hold at once."""

    SCORE = "score"
    HARD_FAIL = "hard_fail"
    REPEATED_ORANGE = "repeated_orange"
    NOTHING_DUE = "nothing_due"


EFFECTS: Mapping[Colour, Effect] = {
    Colour.GREEN: Effect.LISTED,
    Colour.YELLOW: Effect.REMINDER,
    Colour.ORANGE: Effect.WRITTEN_SUPERVISION,
    Colour.RED: Effect.INTERVIEW,
    Colour.NOT_RATED: Effect.NONE,
}

_BAD_TO_GOOD = (Colour.RED, Colour.ORANGE, Colour.YELLOW, Colour.GREEN)


@dataclass(frozen=True, slots=True)
class ColourRules:
    """One dated version of the formula.

    `weights` add up to exactly 1; thresholds are scores (0-100) from which a colour holds; `small_cell` is the count below which a
    figure is withheld outside the county office. Raises ValueError when weights or thresholds contradict themselves.
    """

    version: str
    valid_from: date
    source: str
    weights: Mapping[Indicator, Decimal]
    green_from: Decimal
    yellow_from: Decimal
    orange_from: Decimal
    orange_hard_fails: int
    red_hard_fails: int
    small_cell: int
    is_default: bool
    valid_to: date | None = None
    """First day on which it is in force no more; None while nobody knows one."""

    def __post_init__(self) -> None:
        """Refuse a formula that could not be explained."""
        if set(self.weights) != set(Indicator) or any(weight < 0 for weight in self.weights.values()):
            raise ValueError("every indicator needs one weight that is not negative")
        if sum(self.weights.values()) != 1:
            raise ValueError("weights must add up to 1")
        if not 0 <= self.orange_from < self.yellow_from < self.green_from <= 100:
            raise ValueError("thresholds must rise from orange over yellow to green within 0-100")
        if any(limit != int(limit) for limit in (self.orange_from, self.yellow_from, self.green_from)):
            raise ValueError("thresholds must be whole points, so that a score cut to whole points keeps its colour")
        if not 1 <= self.orange_hard_fails <= self.red_hard_fails or self.small_cell < 1:
            raise ValueError("hard fails must count 1 <= orange <= red, the smallest open cell at least 1")


def rules_in_force(versions: Iterable[ColourRules], first_day: date) -> ColourRules:
    """The version for a period that starts on `first_day`: a town must be able to know the formula before it does the work.

    Raises LookupError when none is valid yet.
    """
    valid = [rules for rules in versions if rules.valid_from <= first_day and (rules.valid_to is None or first_day < rules.valid_to)]
    if not valid:
        raise LookupError(f"no colour rules are valid on {first_day.isoformat()}")
    return max(valid, key=lambda rules: rules.valid_from)


@dataclass(frozen=True, slots=True)
class Count:
    """Duties done out of duties due in the period (persons or cases). ValueError unless 0 <= done <= due."""

    done: int
    due: int

    def __post_init__(self) -> None:
        """A rate above 1 would hide a failure elsewhere."""
        if not 0 <= self.done <= self.due:
            raise ValueError("a count needs 0 <= done <= due")


@dataclass(frozen=True, slots=True)
class TownInputs:
    """All that the formula reads of a town: seven counts and the hard fails found (cases per kind).

    Raises ValueError when an indicator is missing: an unknown figure is not a zero.
    """

    division_code: str
    counts: Mapping[Indicator, Count]
    hard_fails: Mapping[HardFail, int]

    def __post_init__(self) -> None:
        """Seven counts, and no negative number of findings."""
        if set(self.counts) != set(Indicator):
            raise ValueError("every indicator needs a count")
        if any(cases < 0 for cases in self.hard_fails.values()):
            raise ValueError("hard fails cannot be negative")


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the calculation: weight x rate = points.

    `weight` is the weight after spreading (exact); `rate` is exact or None when nothing was due; `points` and `lost` are published
    score points, to 0.01.
    """

    indicator: Indicator
    count: Count
    weight: Fraction
    rate: Fraction | None
    points: Decimal
    lost: Decimal


@dataclass(frozen=True, slots=True)
class Score:
    """A score (0-100, to 0.01; None when nothing was due) with the seven lines that make it."""

    value: Decimal | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class TownRating:
    """A town's colour with everything that explains it.

    `own_colour` is what the period alone gives; `colour` adds the rule of orange twice running.
    """

    division_code: str
    score: Decimal | None
    own_colour: Colour
    colour: Colour
    effect: Effect
    causes: tuple[Cause, ...]
    reasons: tuple[Reason, ...]
    hard_fails: tuple[tuple[HardFail, int], ...]
    rules_version: str


def round_half_up(value: Fraction, places: int = 2) -> Decimal:
    """Round to `places` decimals, half away from zero: the one rounding of every published figure."""
    scale = 10**places
    units = int(abs(value) * scale + Fraction(1, 2))
    return Decimal(units if value >= 0 else -units).scaleb(-places)


def spread_weights(counts: Mapping[Indicator, Count], rules: ColourRules) -> dict[Indicator, Fraction]:
    """Weights of what was due, in proportion so that they add up to 1 again; empty when no weighted duty was due."""
    due = {indicator: Fraction(rules.weights[indicator]) for indicator in Indicator if counts[indicator].due > 0}
    total = sum(due.values(), Fraction(0))
    return {indicator: weight / total for indicator, weight in due.items()} if total else {}


def score_counts(counts: Mapping[Indicator, Count], rules: ColourRules) -> Score:
    """100 x sum(weight x rate) with its lines; for a town, or for the county over pooled counts."""
    weights = spread_weights(counts, rules)
    rates = {i: Fraction(counts[i].done, counts[i].due) if counts[i].due else None for i in Indicator}
    exact = {i: 100 * weights.get(i, Fraction(0)) * (rates[i] or 0) for i in Indicator}
    value = round_half_up(sum(exact.values(), Fraction(0))) if weights else None
    points = _allot(exact, value or Decimal(0))
    reasons = tuple(
        Reason(i, counts[i], weights.get(i, Fraction(0)), rates[i], points[i], round_half_up(100 * weights.get(i, Fraction(0)) - exact[i]))
        for i in Indicator
    )
    return Score(value, reasons)


def colour_of_score(score: Decimal, rules: ColourRules) -> Colour:
    """The band of a published score; a lower bound belongs to the better colour."""
    if score >= rules.green_from:
        return Colour.GREEN
    if score >= rules.yellow_from:
        return Colour.YELLOW
    return Colour.ORANGE if score >= rules.orange_from else Colour.RED


def rate_town(inputs: TownInputs, rules: ColourRules, previous_colour: Colour | None = None) -> TownRating:
    """Rate one town for one period.

    `previous_colour` is the OWN colour of the bulletin directly before (same rhythm, newest version): with the printed colour, a third
    orange in a row would look like a way up from red. A hard fail counts although nothing was due, and hard fails count by case.
    """
    score = score_counts(inputs.counts, rules)
    cases = sum(inputs.hard_fails.values())
    by_score = None if score.value is None else colour_of_score(score.value, rules)
    by_fails = Colour.RED if cases >= rules.red_hard_fails else Colour.ORANGE if cases >= rules.orange_hard_fails else None
    own = next((colour for colour in _BAD_TO_GOOD if colour in (by_score, by_fails)), Colour.NOT_RATED)
    repeated = own is Colour.ORANGE and previous_colour is Colour.ORANGE
    held = {
        Cause.NOTHING_DUE: by_score is None and by_fails is None,
        Cause.SCORE: by_score is own,
        Cause.HARD_FAIL: by_fails is own,
        Cause.REPEATED_ORANGE: repeated,
    }
    colour = Colour.RED if repeated else own
    return TownRating(
        division_code=inputs.division_code,
        score=score.value,
        own_colour=own,
        colour=colour,
        effect=EFFECTS[colour],
        causes=tuple(cause for cause, holds in held.items() if holds),
        reasons=score.reasons,
        hard_fails=tuple((kind, inputs.hard_fails[kind]) for kind in HardFail if inputs.hard_fails.get(kind)),
        rules_version=rules.version,
    )


@dataclass(frozen=True, slots=True)
class PastRating:
    """What an earlier bulletin said of a town (newest version of that bulletin)."""

    number: str
    score: Decimal | None
    colour: Colour
    own_colour: Colour


@dataclass(frozen=True, slots=True)
class Trend:
    """A town against its earlier bulletins.

    `difference` is in score points to the last one, None when either has no score; `running` counts the bulletins, this one included,
    in which the town has had its present colour.
    """

    difference: Decimal | None
    running: int


def compare(score: Decimal | None, colour: Colour, past: Sequence[PastRating]) -> Trend:
    """The trend against `past`, oldest first."""
    last = past[-1].score if past else None
    running = 1
    for earlier in reversed(past):
        if earlier.colour is not colour:
            break
        running += 1
    return Trend(None if score is None or last is None else score - last, running)


def _allot(exact: Mapping[Indicator, Fraction], total: Decimal) -> dict[Indicator, Decimal]:
    """Hundredths of a point per indicator that add up to `total`: floor first, the rest by largest remainder."""
    cents = {i: int(exact[i] * 100) for i in exact}
    left = int(total * 100) - sum(cents.values())
    for i in sorted(exact, key=lambda i: cents[i] - exact[i] * 100)[:left]:
        cents[i] += 1
    return {i: Decimal(units).scaleb(-2) for i, units in cents.items()}
