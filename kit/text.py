"""One reading of text that people type, the same in every field: what cannot be seen is not kept, what misleads the eye is refused.

Blanks of every kind become one ordinary blank; signs without width (U+200B, U+FEFF …) are left out; control signs and signs that turn the direction of
text (Unicode bidi controls, "Trojan Source", CVE-2021-42574) are refused. What is left must hold a letter, a digit or a Han character where a word is asked.
"""

from __future__ import annotations

import re
import unicodedata

_WITHOUT_WIDTH = re.compile("[\u00ad\u034f\u180b-\u180f\u200b-\u200d\u2060-\u2064\ufeff]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\U000e0000-\U000e007f\ufff9-\ufffb]")
_BLANK = "[^\\S\n]|[\u115f\u1160\u2800\u3164\uffa0]"
_BLANKS = re.compile(f"(?:{_BLANK})+")
_LINES = re.compile(r" *\n[ \n]*")


class Refused(ValueError):
    """The text cannot be taken; `args` are the code and the reason in Chinese and English."""


def tidy(text: str, *, lines: bool = False) -> str:
    """The text as it is stored: NFC, tidied blanks, nothing invisible. `lines`: line breaks are kept, three or more become two. Raises Refused."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n"))
    if _BIDI.search(text):
        raise Refused("bidi_control", "文本含有改变书写方向的不可见字符", "the text holds invisible signs that turn its direction")
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in text):
        raise Refused("control_character", "文本含有控制字符", "the text holds control characters")
    text = _WITHOUT_WIDTH.sub("", text)
    if not lines:
        text = text.replace("\n", " ")
    text = _BLANKS.sub(" ", text)
    return _LINES.sub(lambda found: "\n" * min(found[0].count("\n"), 2), text).strip(" \n")


def says_something(text: str) -> bool:
    """Whether a text holds a letter, a digit or a Han character: `。。。` and `——` say nothing."""
    return any(unicodedata.category(sign)[0] in "LN" or unicodedata.category(sign) == "Co" for sign in text)


def without_blanks(text: str) -> str:
    """A tidied text without any blank: numbers of documents, company codes and seals, however they were copied."""
    return tidy(text).replace(" ", "")
