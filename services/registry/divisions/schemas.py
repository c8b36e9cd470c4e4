"""Messages of divisions."""

from __future__ import annotations

from datetime import date

from kit.schemas import Answer


class DivisionAnswer(Answer):
    """One division."""

    code: str
    name: str
    level: str
    parent_code: str
    service_centre_code: str | None
    statutory: bool
    aliases: list[str]
    lon: float | None
    lat: float | None
    valid_from: date
    valid_to: date | None
