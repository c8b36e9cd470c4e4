"""May this principal see this agreement: pure functions that raise."""

from __future__ import annotations

from typing import Protocol, TypeVar
from uuid import UUID

from kit.auth import Principal
from kit.roles import Role
from services.registry.comanagement.errors import AgreementNotFound


class Named(Protocol):
    """What a policy needs to know of an agreement."""

    id: UUID


A = TypeVar("A", bound=Named)


def grant_of(agreement_id: UUID) -> str:
    """The grant that a partner's client needs."""
    return f"agreement:{agreement_id}"


def granted(principal: Principal) -> list[UUID]:
    """The agreements that a partner's client may see."""
    found = (grant.removeprefix("agreement:") for grant in principal.grants if grant.startswith("agreement:"))
    return [UUID(text) for text in found if len(text) == 36]


def may_see(principal: Principal, agreement: A | None) -> A:
    """The agreement, for the county office and for the partner whose client was granted it. Raises AgreementNotFound."""
    if agreement is None:
        raise AgreementNotFound
    if principal.has(Role.COUNTY_OFFICER):
        return agreement
    if principal.has(Role.PARTNER) and grant_of(agreement.id) in principal.grants:
        return agreement
    raise AgreementNotFound
