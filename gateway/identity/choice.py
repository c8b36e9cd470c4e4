"""What a password may be (NIST SP 800-63B 5.1.1.2): long, in one form, and not what everybody tries first.

The list beside this file holds the 28,000 passwords that were seen most in public breaches (from the zxcvbn project, MIT licence). A password is refused when
it is one of them, or one of them with digits and signs around it, or one repeated: length alone does not help where the first guess is right.
"""

from __future__ import annotations

import gzip
import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

from gateway.identity.rules import MIN_PASSWORD
from kit.problems import FieldError, Invalid

_LIST = Path(__file__).with_name("common_passwords.txt.gz")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "qazwsxedcrfvtgbyhnujmikolp", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p")
_LEET = str.maketrans("@4301!$57", "aaeoiisst")
_EDGES = re.compile(r"^[^a-z]+|[^a-z]+$")
LEAST_SIGNS = 5
"""Different signs that a password must have at least."""


def one_form(password: str) -> str:
    """A password in the form that is hashed: the same keys give the same signs on every keyboard (NFKC, RFC 8265 4.2)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _common() -> frozenset[str]:
    return frozenset(gzip.decompress(_LIST.read_bytes()).decode("ascii").split("\n"))


def fault_of(password: str, username: str) -> tuple[str, str, str] | None:
    """Why this password cannot be taken, as code and reason in two languages; None when it can."""
    text = one_form(password).casefold()
    core = "".join(text.split())
    name = re.sub(r"[^a-z0-9]", "", username.casefold())
    plain = re.sub(r"[\W_]", "", core)
    if len(core) < MIN_PASSWORD:
        return "too_short", f"密码至少 {MIN_PASSWORD} 个字符(空格不计)", f"at least {MIN_PASSWORD} characters, blanks not counted"
    if len(set(core)) < LEAST_SIGNS:
        return "too_few_signs", "密码中不同的字符过少", "too few different characters"
    if name and (plain.replace(name, "") == "" or (len(name) >= 4 and len(plain.replace(name, "")) < MIN_PASSWORD // 2)):
        return "user_name", "密码不能由用户名构成", "must not be made of the user name"
    if _sequence(core):
        return "sequence", "密码不能是连续的字符或键盘顺序", "must not be a row of the alphabet or the keyboard"
    if any(_known(part) for part in {core, _unit(core), core.translate(_LEET), _unit(core).translate(_LEET)}):
        return "breached", "此密码常见于泄露的密码库", "this password stands in lists of breached passwords"
    return None


def check_password(password: str, username: str, pointer: str = "/password") -> None:
    """Raises Invalid at `pointer` for a password that cannot be taken."""
    fault = fault_of(password, username)
    if fault is not None:
        raise Invalid(errors=[FieldError(pointer, *fault)])


def _unit(text: str) -> str:
    """What a text repeats: `abcabc` repeats `abc`; the text itself when it repeats nothing."""
    for size in range(1, len(text) // 2 + 1):
        if (text[:size] * (len(text) // size + 1))[: len(text)] == text:
            return text[:size]
    return text


def _known(text: str) -> bool:
    """Whether the list holds it, or holds what is left without digits and signs at both ends, when these are fewer than half."""
    stem = _EDGES.sub("", text)
    return text in _common() or (len(stem) * 2 > len(text) and (stem in _common() or _unit(stem) in _common()))


def _sequence(text: str) -> bool:
    """Whether nearly every sign follows the one before it in the alphabet, among the digits, or on the keyboard, forwards or backwards."""
    follows = sum(_near(first, second) for first, second in pairwise(text))
    return follows >= 0.8 * (len(text) - 1)


def _near(first: str, second: str) -> bool:
    if abs(ord(first) - ord(second)) <= 1:
        return True
    return any(first + second in row or second + first in row for row in _ROWS)
