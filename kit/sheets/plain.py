"""Text as people type it, brought to one form: full-width forms, blanks of every kind, invisible marks, brackets."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from typing import Any

# Zero-width, bidi and byte-order marks; soft hyphen; variation selectors. Planes 2-3 (rare Han) are left alone.
INVISIBLE = dict.fromkeys(
    [
        0xAD,
        0x180E,
        0x200B,
        0x200C,
        0x200D,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2065),
        *range(0x2066, 0x206A),
        0xFEFF,
        *range(0xFE00, 0xFE10),
    ]
)
_CONTROLS = dict.fromkeys([*range(32), *range(127, 161)], " ")
LONGEST_WORD = 300
_SPACE = re.compile(r"\s+")
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|<[^<>]*>")
_BRACKETED_END = re.compile(rf"(?:{_BRACKETED.pattern})\s*$")
_PUNCTUATION = re.compile(r"[\s()\[\]【】〔〕<>《》「」“”\"'`*:;,.、。·/\\|_\-—~!?#&+★☆※●○◎▲△■□◆◇√]+")
_LEADING_NUMBER = re.compile(r"^[((]?(?:\d{1,2}|[一二三四五六七八九十]{1,2})[))、..]\s*")


def text_of(raw: Any) -> str:
    """A cell's value as the text a person sees: whole numbers without a fraction, dates in ISO form."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, float):
        return f"{Decimal(repr(raw)):.0f}" if raw.is_integer() and abs(raw) < 1e21 else repr(raw)
    if isinstance(raw, dt.datetime):
        return raw.date().isoformat() if raw.time() == dt.time() else raw.isoformat(sep=" ")
    return "" if raw is None else str(raw)


def tidy(text: str) -> str:
    """For text that is kept: invisible marks away, runs of blanks and controls to one blank, ends trimmed."""
    if text.isalnum():
        return text
    return _SPACE.sub(" ", text.translate(INVISIBLE).translate(_CONTROLS)).strip()


def compact(text: str) -> str:
    """For comparing values: NFKC, no blanks or invisible marks, lower case; signs are kept (they can be the value)."""
    return "".join(unicodedata.normalize("NFKC", text).translate(INVISIBLE).split()).casefold()


def key_of(raw: Any) -> str:
    """A cell as a word to compare. A text of a thousand letters is not a word: only its beginning is read (no slow patterns)."""
    return compact(text_of(raw)[:LONGEST_WORD])


def without_brackets(text: str) -> str:
    """Without what stands in brackets: 村(社区) -> 村."""
    before = ""
    while before != text:
        before, text = text, _BRACKETED.sub("", text)
    return text


def _one_ending(form: str) -> str:
    """日期 and 时间, 号码 and 号 mean the same at a header's end."""
    for ending, same in (("年月日", "时间"), ("日期", "时间"), ("号码", "号")):
        if form.endswith(ending) and len(form) > len(ending):
            return form[: -len(ending)] + same
    return form


def header_forms(text: str) -> tuple[str, ...]:
    """A header's comparable forms, surest first: all its letters, without the brackets at its end, without any brackets' content."""
    folded = unicodedata.normalize("NFKC", text).translate(INVISIBLE).casefold().strip()
    folded = _LEADING_NUMBER.sub("", folded)
    full = _one_ending(_PUNCTUATION.sub("", folded))
    last = _BRACKETED_END.search(folded)
    middle = _one_ending(_PUNCTUATION.sub("", folded[: last.start()])) if last else ""
    short = _one_ending(_PUNCTUATION.sub("", without_brackets(folded)))
    return tuple(dict.fromkeys(form for form in (full, middle, short) if form))
