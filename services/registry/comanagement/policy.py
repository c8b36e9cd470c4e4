"""May this principal see this agreement, and for what purpose: pure functions that raise (domain 6, 11.1; PIPL art. 23, 34)."""

from __future__ import annotations

from datetime import date
from typing import Protocol, TypeVar
from uuid import UUID

from kit.auth import Principal
from kit.problems import Forbidden, invalid
from kit.roles import Role
from kit.steps.taking import Reason
from services.registry.comanagement.errors import AgreementNotFound

EXCHANGE = "exchange"


class Named(Protocol):
    """What a policy needs to know of an agreement."""

    id: UUID
    partner_client: str


class Dated(Protocol):
    """What tells whether the term runs."""

    valid_to: date


A = TypeVar("A", bound=Named)


def grant_of(agreement_id: UUID) -> str:
    """The grant that a partner's client needs."""
    return f"agreement:{agreement_id}"


def granted(principal: Principal) -> list[UUID]:
    """The agreements that a partner's client may see."""
    found = (grant.removeprefix("agreement:") for grant in principal.grants if grant.startswith("agreement:"))
    return [UUID(text) for text in found if len(text) == 36]


def is_office(principal: Principal, county: str) -> bool:
    """Whether the caller is an officer of the county whose agreements these are; an officer of another county, or of one town, is not."""
    return principal.has(Role.COUNTY_OFFICER) and principal.covers(county)


def may_see(principal: Principal, agreement: A | None, county: str) -> A:
    """The agreement: for the office of the county that made it, and for the client that the agreement itself names, while that client holds the grant.

    A grant alone is not enough: an administrator of grants could otherwise read supervised persons through an own client. Raises AgreementNotFound.
    """
    if agreement is None:
        raise AgreementNotFound
    if is_office(principal, county):
        return agreement
    if principal.has(Role.PARTNER) and principal.subject == agreement.partner_client and grant_of(agreement.id) in principal.grants:
        return agreement
    raise AgreementNotFound


def may_propose(principal: Principal, county: str) -> None:
    """Raises Forbidden for an officer who is not of this county's office."""
    if not is_office(principal, county):
        raise Forbidden("不在您的辖区", "outside your county")


TERM_OVER = Reason(code="term_over", zh="协议期限已过,不能再接受", en="the agreement's term is over: nothing is left to accept")


def why_not_accepted(agreement: Dated, on: date) -> list[Reason]:
    """Why an agreement cannot be accepted on a day."""
    return [TERM_OVER] if on >= agreement.valid_to else []


def may_pull(principal: Principal, purpose: str) -> None:
    """A partner reads the list for the exchange and for nothing else (PIPL art. 23). Raises Invalid."""
    if principal.has(Role.PARTNER) and purpose != EXCHANGE:
        raise invalid("/header/Purpose", "exchange_only", "共管名单仅限交换用途", "a partner reads the list for the exchange only")
