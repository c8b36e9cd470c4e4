"""One shape for every error (RFC 9457), in Chinese and English, without a trace, SQL or a personal value.

    Problem
    ├── Malformed 400        the bytes are not a request
    ├── Unauthenticated 401
    ├── Forbidden 403
    ├── NotFound 404         also where existence itself is personal
    ├── Conflict 409
    ├── Gone 410             a position that this house never gave
    ├── StaleVersion 412 · VersionRequired 428
    ├── TooLarge 413
    ├── Invalid 422          names each field by JSON pointer (RFC 6901)
    ├── TooMany 429
    └── Unavailable 503 · TimedOut 504

A noun's `errors.py` derives from these and needs no HTTP: it gives only `slug`, `title_zh` and `title_en`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: where (pointer), which rule (code), in words."""

    pointer: str
    code: str
    message_zh: str
    message_en: str


class Problem(Exception):
    """The request cannot be answered as asked."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title_zh: ClassVar[str] = "系统内部错误,已记录"
    title_en: ClassVar[str] = "Internal error, recorded"

    def __init__(
        self, detail_zh: str = "", detail_en: str = "", errors: list[FieldError] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(self.slug)
        self.detail_zh = detail_zh
        self.detail_en = detail_en or detail_zh
        self.errors = errors or []
        self.headers = headers or {}

    def body(self, language: str, instance: str) -> dict[str, Any]:
        """The problem document; `instance` is the request id."""
        english = language == "en"
        body: dict[str, Any] = {
            "type": f"/problems/{self.slug}",
            "title": self.title_en if english else self.title_zh,
            "status": self.status,
            "instance": instance,
        }
        detail = self.detail_en if english else self.detail_zh
        if detail:
            body["detail"] = detail
        if self.errors:
            body["errors"] = [asdict(error) for error in self.errors]
        return body


class Malformed(Problem):
    """The bytes cannot be read as the declared type."""

    status = 400
    slug = "malformed-request"
    title_zh = "请求格式无法识别"
    title_en = "The request cannot be read"


class Unauthenticated(Problem):
    """No valid token."""

    status = 401
    slug = "not-signed-in"
    title_zh = "未登录或登录已失效"
    title_en = "Not signed in, or the sign-in is no longer valid"

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    """Signed in, but this role or this town may not do this."""

    status = 403
    slug = "not-allowed"
    title_zh = "无权进行此操作"
    title_en = "Not allowed"


ROLE = FieldError("", "role", "不属于您的职责", "not yours to do")
"""Why a step is refused to whom its roles do not name; `next_steps` shows the same."""


class NotFound(Problem):
    """Nothing that this caller may know of."""

    status = 404
    slug = "not-found"
    title_zh = "未找到"
    title_en = "Not found"


class MethodNotAllowed(Problem):
    """The path exists, not with this method."""

    status = 405
    slug = "method-not-allowed"
    title_zh = "不支持此请求方法"
    title_en = "Method not allowed"


class Conflict(Problem):
    """The state of the object does not allow this."""

    status = 409
    slug = "conflict"
    title_zh = "与当前状态冲突"
    title_en = "Conflicts with the present state"


class Gone(Problem):
    """This house never gave this position in a feed: the database was put back to an earlier state, or the position comes from another
    house. Begin from a snapshot.
    """

    status = 410
    slug = "begin-from-snapshot"
    title_zh = "此位置不是本系统现有数据给出的,请从快照重新开始"
    title_en = "This house never gave this position: begin from a snapshot"


def may_answer(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route that reads: what it answers besides the statuses of every reading."""
    return {problem.status: {"description": problem.title_en} for problem in problems}


class StaleVersion(Problem):
    """If-Match names a version that is no longer the current one (RFC 9110 13.1.1)."""

    status = 412
    slug = "stale-version"
    title_zh = "记录已被他人更新,请刷新后重试"
    title_en = "Someone changed this record meanwhile; reload it and try again"


class TooLarge(Problem):
    """The body is larger than this route takes."""

    status = 413
    slug = "too-large"
    title_zh = "请求内容过大"
    title_en = "The request is too large"


class Invalid(Problem):
    """Well-formed, but a field is not what it must be."""

    status = 422
    slug = "invalid-request"
    title_zh = "填写内容有误"
    title_en = "Some fields are not valid"


class VersionRequired(Problem):
    """A change needs If-Match, so that nobody overwrites a colleague (RFC 6585)."""

    status = 428
    slug = "version-required"
    title_zh = "修改前须带版本号(If-Match)"
    title_en = "A change needs If-Match"


class TooMany(Problem):
    """More requests than allowed."""

    status = 429
    slug = "too-many-requests"
    title_zh = "请求过于频繁"
    title_en = "Too many requests"


class Unavailable(Problem):
    """A part that this route needs is down; the others still serve."""

    status = 503
    slug = "unavailable"
    title_zh = "服务暂不可用"
    title_en = "This part is down for the moment"


class TimedOut(Problem):
    """A part that this route needs did not answer in time."""

    status = 504
    slug = "timed-out"
    title_zh = "服务响应超时"
    title_en = "This part did not answer in time"


def invalid(pointer: str, code: str, message_zh: str, message_en: str) -> Invalid:
    """An `Invalid` about one field."""
    return Invalid(errors=[FieldError(pointer, code, message_zh, message_en)])


def every_problem() -> list[type[Problem]]:
    """All problem types that have been imported, for the pages under /problems and the docs test."""
    found: list[type[Problem]] = []
    todo: list[type[Problem]] = [Problem]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo += kind.__subclasses__()
    return sorted(set(found), key=lambda kind: kind.slug)


def language_of(accept_language: str | None) -> str:
    """`zh` or `en` from Accept-Language (RFC 9110 12.5.4); zh is the house's language."""
    best, best_weight = "zh", 0.0
    for part in (accept_language or "")[:200].split(","):
        tag, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if tag[:2].lower() in ("zh", "en") and weight > best_weight:
            best, best_weight = tag[:2].lower(), weight
    return best
