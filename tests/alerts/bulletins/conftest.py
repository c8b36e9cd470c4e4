"""A demo county of 21 towns and centres with invented counts: June 2021, first half, with every colour and both special rules."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.alerts.bulletins.figures import Bulletin, Heading, PastFigure, TownEntry, assemble
from services.alerts.bulletins.formulas import DEFAULT_RULES
from services.alerts.bulletins.periods import period_of
from services.alerts.bulletins.rules import Colour, Count, HardFail, Indicator, PastRating, TownInputs

TOWNS = Path(__file__).parents[2] / "data" / "bulletins" / "towns.csv"

# done/due in the order R E T V A H C, hard fails, own colours of the bulletins before (oldest first)
_PERFECT = "2/2 40/40 38/38 61/61 9/9 1/1 2/2"
_ROWS: dict[str, tuple[str, dict[HardFail, int], str]] = {
    "府谷镇": ("12/12 176/181 160/166 301/318 41/43 6/6 9/9", {}, "YYYYG"),
    "黄甫镇": (_PERFECT, {}, "GGGGG"),
    "哈镇": ("1/1 18/22 14/20 20/30 3/5 0/0 1/1", {}, "GYYYO"),
    "庙沟门镇": ("3/3 61/66 58/66 80/92 12/12 2/2 3/4", {}, "OYYYY"),
    "新民镇": ("2/2 55/55 52/54 77/80 8/8 0/0 2/2", {}, "YGGGG"),
    "孤山镇": ("1/1 33/36 25/36 41/52 6/7 1/1 1/1", {}, "YYYYY"),
    "清水镇": ("2/2 44/45 40/42 58/60 7/7 1/1 2/2", {HardFail.UNSIGNED_AGREEMENT: 1}, "GGGGG"),
    "大昌汗镇": ("0/0 21/21 20/20 30/30 4/4 0/0 1/1", {}, "YYGGG"),
    "古城镇": ("1/1 12/20 9/20 15/30 2/6 0/1 0/1", {}, "OOOOO"),
    "三道沟镇": ("2/2 38/40 33/39 50/58 9/10 1/1 2/2", {}, "YYYYG"),
    "老高川镇": ("1/1 29/29 27/28 40/41 5/5 0/0 1/1", {}, "GGGGG"),
    "武家庄镇": ("1/1 25/27 22/26 33/37 4/5 1/1 1/1", {}, "YYOYY"),
    "木瓜镇": ("1/1 22/22 20/21 30/31 3/3 0/0 1/1", {}, "GGYGG"),
    "田家寨镇": (
        "1/2 24/26 20/26 28/36 4/5 1/1 0/1",
        {HardFail.SUPERVISION_PAST_LAWFUL_END: 1, HardFail.TEST_WITHOUT_LEGAL_BASIS: 1},
        "YYYYO",
    ),
    "麻镇便民服务中心": ("1/1 15/15 14/15 22/22 2/2 0/0 0/0", {}, "YGGGG"),
    "墙头便民服务中心": ("0/0 9/9 9/9 14/14 1/1 0/0 0/0", {}, "GGGGG"),
    "大岔便民服务中心": ("0/0 6/8 6/8 9/12 1/1 0/0 0/0", {}, "YYYOO"),
    "赵五家湾便民服务中心": ("1/1 11/12 10/12 16/18 2/2 0/0 1/1", {}, "YYYYY"),
    "海则庙便民服务中心": ("0/0 8/8 8/8 11/12 1/1 0/0 0/0", {}, "GGGGG"),
    "王家墩便民服务中心": ("0/0 7/7 6/7 10/10 2/2 0/0 0/0", {}, "GYGYY"),
    "碛塄便民服务中心": ("0/0 0/0 0/0 0/0 0/0 0/0 0/0", {}, "NNNNN"),
}
_LETTERS = {"G": Colour.GREEN, "Y": Colour.YELLOW, "O": Colour.ORANGE, "R": Colour.RED, "N": Colour.NOT_RATED}
_PAST_SCORES = {"G": "96.40", "Y": "89.15", "O": "78.30", "R": "61.00"}


def counts(text: str) -> dict[Indicator, Count]:
    """Seven `done/due` in the order R E T V A H C."""
    pairs = [pair.split("/") for pair in text.split()]
    return {indicator: Count(int(done), int(due)) for indicator, (done, due) in zip(Indicator, pairs, strict=True)}


def _past(letters: str) -> tuple[PastRating, ...]:
    return tuple(
        PastRating(
            f"2021年第{issue}期",
            Decimal(_PAST_SCORES[letter]) + Decimal(issue) / 10 if letter in _PAST_SCORES else None,
            # the orange of issue 7 and later was the second one running only where the letters say so
            Colour.RED if letter == "O" and letters[issue - 7 : issue - 6] == "O" and issue > 6 else _LETTERS[letter],
            _LETTERS[letter],
        )
        for issue, letter in enumerate(letters, 6)
    )


@pytest.fixture(scope="session")
def entries() -> tuple[TownEntry, ...]:
    """The demo county's 14 towns and 7 centres."""
    with TOWNS.open(encoding="utf-8") as file:
        towns = [(row["code"], row["name"]) for row in csv.DictReader(file)]
    return tuple(TownEntry(name, TownInputs(code, counts(_ROWS[name][0]), _ROWS[name][1]), _past(_ROWS[name][2])) for code, name in towns)


@pytest.fixture(scope="session")
def issue(entries: tuple[TownEntry, ...]) -> Callable[..., Bulletin]:
    """Issues the bulletin of the first half of June 2021 with notes, a revision, a demo mark as asked."""

    def issued(notes: tuple[str, ...] = (), revision: int = 1, *, demo: bool = True) -> Bulletin:
        past = enumerate(("88.10", "89.42", "90.05", "91.37", "91.20"), 6)
        heading = Heading(
            office="府谷县禁毒委员会办公室",
            county_code="610822000000",
            county_name="府谷县",
            issued_on=date(2021, 6, 17),
            revision=revision,
            notes=notes,
            demo=demo,
            county_past=tuple(PastFigure(f"2021年第{number}期", Decimal(score), None) for number, score in past),
        )
        return assemble(period_of(date(2021, 6, 8)), DEFAULT_RULES, entries, heading)

    return issued


@pytest.fixture(scope="session")
def bulletin(issue: Callable[..., Bulletin]) -> Bulletin:
    return issue(
        (
            "古城镇、田家寨镇主要负责人由县禁毒委员会约谈，约谈时间另行通知。",
            "各镇要在6月25日前完成应办未办事项清零，不得以检测阳性人数多少评价工作。",
        )
    )
