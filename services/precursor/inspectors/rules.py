"""Who may inspect what: pure, standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

AUTHORITIES = (
    "police",
    "emergency_management",
    "drug_administration",
    "market_regulation",
    "postal_administration",
    "commerce",
    "transport",
    "customs",
    "ecology_environment",
    "health",
)
"""Organs with a legal power to inspect (国办发〔2024〕54号; 易制毒化学品管理条例 art. 3, 32; 邮政法 art. 4; 反恐怖主义法 art. 20)."""

NOT_AUTHORITIES = ("narcotics_office", "narcotics_commission", "town_government", "third_party", "contractor")
"""What is asked for most and refused: coordination bodies, townships without the power, outsourced firms (国办发〔2024〕54号)."""

POSTS = ("officer",)
NOT_POSTS = ("grid_worker", "auxiliary", "contractor", "temporary", "volunteer", "social_worker")
"""Who never inspects, whatever organ sends them (国办发〔2024〕54号)."""

COMPETENT: dict[str, frozenset[str]] = {
    "chemical": frozenset(
        {
            "police",
            "emergency_management",
            "drug_administration",
            "market_regulation",
            "commerce",
            "customs",
            "ecology_environment",
            "health",
        }
    ),
    "courier": frozenset({"postal_administration", "police", "transport", "market_regulation"}),
}
"""Kind of object → authorities: 易制毒化学品管理条例 art. 32; 快递暂行条例 art. 5, 反恐怖主义法 art. 20 (freight: transport)."""

GROUNDS = ("kinship", "direct_interest", "other_relation", "party_request", "own_request")
"""Grounds of recusal (行政处罚法 art. 43)."""

_CERTIFICATE = re.compile(r"[0-9A-Z\u4e00-\u9fff()()〔〕字第号-]{6,40}")


def is_certificate_no(text: str) -> bool:
    """Whether a text can be a certificate number. Provinces number differently, so only letters, digits, brackets and 6 to 40 characters are asked for."""
    return _CERTIFICATE.fullmatch(text) is not None and any(character.isdigit() for character in text)


def is_competent(authority: str, kind: str) -> bool:
    """Whether an authority may inspect a kind of object."""
    return authority in COMPETENT[kind]


def is_away(leaves: Iterable[tuple[date, date]], first: date, last: date) -> bool:
    """Whether somebody is away on more than half of the days of a span, and so cannot be drawn for it. DEFAULT: a short leave moves the visit, not the officer."""
    days = {
        start + timedelta(days=offset)
        for away_from, away_to in leaves
        for start in (max(away_from, first),)
        for offset in range((min(away_to, last) - start).days + 1)
    }
    return 2 * len(days) > (last - first).days + 1
