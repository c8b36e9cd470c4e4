"""Pinyin of names for search and sorting. Surnames first: the common reading is wrong for 单 仇 曾 解 查 区 朴 盖."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

SURNAMES = {
    "单": "shan",
    "仇": "qiu",
    "曾": "zeng",
    "解": "xie",
    "查": "zha",
    "区": "ou",
    "朴": "piao",
    "盖": "ge",
    "折": "she",
    "邬": "wu",
    "訾": "zi",
}


def _letters(text: str) -> Any:
    """Other characters than Chinese ones are kept as letters."""
    return list(text)


@lru_cache(maxsize=20_000)
def pinyin_of(name: str) -> tuple[str, str]:
    """Full pinyin without tones, and initials: `("zhang jian guo", "zjg")` for 张建国."""
    from pypinyin import Style, lazy_pinyin  # 60 ms and 20 MB that only the first name needs

    syllables = [part.lower() for part in lazy_pinyin(name, style=Style.NORMAL, errors=_letters) if part.strip()]
    if name[:1] in SURNAMES and syllables:
        syllables[0] = SURNAMES[name[:1]]
    return " ".join(syllables), "".join(part[0] for part in syllables)
