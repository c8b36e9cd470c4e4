"""Text is read the same way in every field."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from kit.schemas import DocumentNo, LongText, PersonName, ShortText
from kit.text import Refused, says_something, tidy


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" 演示\u3000张三 ", "演示 张三"),
        ("演\u200b示\ufeff", "演示"),
        ("a\u00a0\u2003b", "a b"),
        ("第一行\n第二行", "第一行 第二行"),
        ("e\u0301", "é"),
        ("阿不都·热合曼", "阿不都·热合曼"),
        ("𠮷野", "𠮷野"),
        ("\u3164x\u2800", "x"),
    ],
)
def test_blanks_are_tidied(typed: str, kept: str) -> None:
    assert tidy(typed) == kept


def test_lines_are_kept_where_they_belong() -> None:
    assert tidy("一 \r\n\r\n\r\n\r\n 二\u2028三", lines=True) == "一\n\n二\n三"


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\u061c", "\x00", "\x1b", "\x7f", "\x85", "\U000e0041", "\ufff9"])
def test_what_misleads_the_eye_is_refused(sign: str) -> None:
    with pytest.raises(Refused):
        tidy(f"演示{sign}张三")


@pytest.mark.parametrize("kind", [ShortText, LongText, DocumentNo, PersonName])
@pytest.mark.parametrize("typed", ["", " ", "\u3000", "\u200b", "\u3164", "。", "——", "\n", "\u2800\u00a0"])
def test_a_word_of_law_and_a_name_are_never_empty(kind: type, typed: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(typed)


def test_a_number_of_a_document_holds_no_blank() -> None:
    assert TypeAdapter(DocumentNo).validate_python(" 府公(禁)社戒决字〔2021〕 第 12\u200b 号 ") == "府公(禁)社戒决字〔2021〕第12号"


@given(st.text(max_size=40))
def test_what_is_kept_stays_as_it_is(typed: str) -> None:
    try:
        kept = tidy(typed, lines=True)
    except Refused:
        return
    assert tidy(kept, lines=True) == kept
    assert says_something(kept) <= bool(kept)
    assert not any(unicodedata.category(sign) in ("Cc", "Cs") and sign != "\n" for sign in kept)
