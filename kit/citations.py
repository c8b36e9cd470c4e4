"""Citations of law: written once in code as `NCL art. 35, 38; DRR art. 20 §1(2)`, shown to people in Chinese and English the same way everywhere.

The abbreviations stand in `statutes.csv`; what each cited article says stands in docs/law.md, and a test compares (tests/house/test_citations.py).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from kit.schemas import Answer

_ARTICLE = r"[0-9]+(?:-[0-9]+)?(?: §[0-9]+)?(?:\([0-9]+\))?(?:-[0-9]+)?"
_PLACE = rf"(?:art\. ?({_ARTICLE}(?:(?:, | and ){_ARTICLE})*)|(annex)|ch\. ?([0-9]+))"
CITED = re.compile(rf"\b([A-Z]{{2,5}}),? {_PLACE}")
"""One statute with its articles, as it stands in code."""
_ONE = re.compile(r"([0-9]+)(?:-([0-9]+))?(?: §([0-9]+))?(?:\(([0-9]+)\))?")
_UNLISTED = re.compile(rf"([\u4e00-\u9fff]+(?:[0-9]{{4}})?),? {_PLACE}")
"""Articles of a text that has no abbreviation here: a rule of another province, a notice."""
_DOMAIN = re.compile(r"\bdomain ([0-9]+(?:\.[0-9]+)*(?:, [0-9]+(?:\.[0-9]+)*)*)")
_DIGITS = "零一二三四五六七八九"


class Citation(Answer):
    """A legal source in both languages."""

    zh: str = Field(description="法律依据 · the legal source in Chinese")
    en: str = Field(description="法律依据英文简称 · the legal source in English, abbreviated as in docs/law.md")


@cache
def statutes() -> Mapping[str, tuple[str, str]]:
    """Abbreviation → title in Chinese and English."""
    with (Path(__file__).parent / "statutes.csv").open(encoding="utf-8", newline="") as file:
        return {row["short"]: (row["zh"], row["en"]) for row in csv.DictReader(file)}


@cache
def phrases() -> tuple[tuple[str, str], ...]:
    """What a source says beside articles, in Chinese and English, the longest first."""
    titles = [(f"《{zh}》", en) for zh, en in statutes().values()]
    with (Path(__file__).parent / "phrases.csv").open(encoding="utf-8", newline="") as file:
        return tuple(sorted([*titles, *((row["zh"], row["en"]) for row in csv.DictReader(file))], key=lambda pair: -len(pair[1])))


def chinese_number(number: int) -> str:
    """`19` → `十九`, `105` → `一百零五`: articles are numbered so in the text of the law. For 1 to 999."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = _DIGITS[hundreds] + "百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")


def _article(match: re.Match[str]) -> str:
    first, last, paragraph, item = match.groups()
    text = f"第{chinese_number(int(first))}条" + (f"至第{chinese_number(int(last))}条" if last else "")
    return text + (f"第{chinese_number(int(paragraph))}款" if paragraph else "") + (f"第({chinese_number(int(item))})项" if item else "")


def _spelled(match: re.Match[str]) -> str:
    short, articles, annex, chapter = match.groups()
    if short.isascii() and short not in statutes():
        return match[0]
    title = f"《{statutes()[short][0]}》" if short in statutes() else short
    chapters = "附表" if annex else f"第{chinese_number(int(chapter))}章" if chapter else ""
    return title + (chapters or "、".join(_article(one) for one in _ONE.finditer(articles)))


@cache
def chinese(source: str) -> str:
    """A source as Chinese offices write it: `DRR art. 19(2), 20` → `《戒毒条例》第十九条第(二)项、第二十条`. English words beside it are left out."""
    text = _UNLISTED.sub(_spelled, CITED.sub(_spelled, source))
    text = re.sub(r"节, row ([0-9]+)", r"节第\1行", _DOMAIN.sub(r"业务说明\1节", text))
    for zh, en in phrases():
        text = text.replace(en, zh)
    if re.search("[\u4e00-\u9fff]", text):
        text = re.sub(r" ?[(\[] *[)\]]", "", re.sub(r"[A-Za-z][A-Za-z' -]*", "", text))
    return ";".join(filter(None, (re.sub(r"^[ ::,,]+|[ ::,,]+$", "", part) for part in re.split("[;;]", text.replace(": ", ":")))))


@cache
def english(source: str) -> str:
    """A source in English; one that was stored in Chinese (`戒毒条例第7条、第23条`, `APL art. 43`) as code writes it today."""
    for short, (title, _) in statutes().items():
        source = re.sub(rf"《?{title}》?(?= (?:art|ch)\.)", short, source)
        for found in re.finditer(rf"《?{title}》?((?:、?第[0-9]+条)+)", source):
            source = source.replace(found[0], f"{short} art. {', '.join(re.findall('[0-9]+', found[1]))}")
    for zh, en in phrases():
        source = source.replace(zh, en)
    return source


def cite(source: str) -> Citation:
    """A source, as code or a history spells it, in both languages."""
    return Citation(zh=chinese(english(source)), en=english(source))


Cited = Annotated[Citation, BeforeValidator(lambda source: cite(source) if isinstance(source, str) else source)]
"""The type of a field that cites the law: takes the source as it stands in code, shows it in both languages."""
