"""ETag and If-Match over a version column (RFC 9110 8.8.3, 13.1): two officers who change one record do not overwrite each other."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header

from kit.problems import StaleVersion, VersionRequired, invalid

FORM = r'"v[0-9]+"'
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=400,
        description='读取时得到的 ETag,如 `"v3"`;不接受 `*` · the ETag that was read, e.g. `"v3"`; `*` is not taken, because it names no version',
        examples=['"v3"'],
    ),
]
_TAG = re.compile(r'\s*(W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')


def etag(version: int) -> str:
    """The strong ETag of a version."""
    return f'"v{version}"'


def tags(header: str) -> list[tuple[bool, str]]:
    """The entity tags of a header as (weak, opaque tag). Raises ValueError when it is not a list of tags."""
    found: list[tuple[bool, str]] = []
    at = 0
    while at < len(header):
        match = _TAG.match(header, at)
        if match is None:
            raise ValueError("not a list of entity tags")
        found.append((match[1] is not None, match[2]))
        at = match.end()
    return found


def check_version(if_match: str | None, version: int) -> None:
    """Raises VersionRequired (428) when no version is named, StaleVersion (412) when another is; Invalid for what is not a list of entity tags.

    If-Match compares strongly, so a weak tag (`W/"v3"`) never matches (RFC 9110 8.8.3.2, 13.1.1). `*` would match any version that was
    stored meanwhile.
    """
    if if_match is None or if_match.strip() in ("", "*"):
        raise VersionRequired
    try:
        named = tags(if_match)
    except ValueError as error:
        raise invalid(
            "/header/If-Match", "entity_tag", 'If-Match 应为读取时得到的 ETag,如 "v3"', 'If-Match is the ETag that was read, e.g. "v3"'
        ) from error
    if (False, etag(version)) not in named:
        raise StaleVersion(headers={"ETag": etag(version)})


def unchanged(if_none_match: str | None, current: str) -> bool:
    """Whether If-None-Match names the current tag: compared weakly, and `*` names any (RFC 9110 13.1.2). A malformed header names none."""
    if if_none_match is None:
        return False
    try:
        return if_none_match.strip() == "*" or current in {tag for _, tag in tags(if_none_match)}
    except ValueError:
        return False
