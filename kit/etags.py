"""ETag and If-Match over a version column (RFC 9110 8.8.3, 13.1.1): two officers, one record, nobody overwrites the other."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from kit.problems import StaleVersion, VersionRequired

IfMatch = Annotated[str | None, Header(alias="If-Match")]


def etag(version: int) -> str:
    """The strong ETag of a version."""
    return f'"v{version}"'


def check_version(if_match: str | None, version: int) -> None:
    """Raises VersionRequired (428) without If-Match, StaleVersion (412) when it names another version."""
    if if_match is None:
        raise VersionRequired
    wanted = [part.strip() for part in if_match.split(",")]
    if etag(version) not in wanted and "*" not in wanted:
        raise StaleVersion(headers={"ETag": etag(version)})
