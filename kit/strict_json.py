"""JSON as RFC 8259 and I-JSON (RFC 7493) mean it: what the standard parser lets through and later turns into a 500 is refused here.

Refused: NaN and Infinity, duplicate names, lone surrogates, NUL, undecodable bytes, nesting deeper than 20, integers beyond 64 bit.
"""

from __future__ import annotations

import json
from typing import Any

from kit.problems import Malformed

MAX_DEPTH = 20
_BIG = 2**63


def _names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("对象中有重复的字段名", "an object repeats a name")
    return found


def _constant(name: str) -> Any:
    raise Malformed(f"不接受 {name}", f"{name} is not a JSON number")


def _integer(text: str) -> int:
    if len(text) > 20 or abs(value := int(text)) >= _BIG:
        raise Malformed("整数超出范围", "an integer does not fit 64 bits")
    return value


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Malformed("数字超出范围", "a number is out of range")
    return value


def _walk(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Malformed("嵌套层数过多", "nested too deeply")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            check_text(name)
            _walk(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _walk(item, depth + 1)


def check_text(value: str) -> None:
    """Raises Malformed for NUL and lone surrogates: neither can be stored or sent."""
    if "\x00" in value:
        raise Malformed("文本含有空字符", "a text holds NUL")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise Malformed("文本含有无效字符", "a text holds a lone surrogate")


def loads(raw: bytes) -> Any:
    """Parse a request body. Raises Malformed (400) with what is wrong and where."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"第 {error.start} 字节起不是 UTF-8", f"not UTF-8 from byte {error.start}") from error
    try:
        value = json.loads(text, object_pairs_hook=_names, parse_constant=_constant, parse_int=_integer, parse_float=_float)
    except RecursionError as error:
        raise Malformed("嵌套层数过多", "nested too deeply") from error
    except json.JSONDecodeError as error:
        raise Malformed(
            f"第 {error.lineno} 行第 {error.colno} 列不是有效的 JSON", f"no valid JSON at line {error.lineno}, column {error.colno}"
        ) from error
    _walk(value, 0)
    return value
