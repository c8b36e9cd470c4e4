"""Whether the body that an account or client shall act for exists: who keeps its list is asked (law 9)."""

from __future__ import annotations

from gateway.identity.schemas import Bound
from kit.auth import OrganisationKind
from kit.call import NeighbourDown
from kit.doors import query
from kit.problems import Unavailable, invalid
from kit.work import Work

KEEPERS: dict[OrganisationKind, str] = {"laboratory": "testing", "authority": "precursor", "institution": "registry"}
"""Kind of body → the service whose list it stands in."""


async def check_exists(work: Work, bound: Bound) -> None:
    """Raises Invalid for a body that stands in no list, Unavailable while its keeper does not answer."""
    door = work.house.neighbours.get(KEEPERS[bound.kind])
    if door is None:
        raise Unavailable(headers={"Retry-After": "5"})
    try:
        told = await door.get("/internal/organisations" + query(kind=bound.kind, id=bound.id))
    except NeighbourDown as error:
        raise Unavailable(headers={"Retry-After": "5"}) from error
    if not told["known"]:
        raise invalid("/organisation/id", "organisation_unknown", "没有这个单位", "there is no such body")
