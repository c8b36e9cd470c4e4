"""What the registry says of co-management agreements: whether one exists, and which partner's client it names."""

from __future__ import annotations

import re
from uuid import UUID

from kit.call import NeighbourDown
from kit.doors import query
from kit.problems import Unavailable
from kit.work import Work

_WORD = re.compile(r"agreement:([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})")


async def names_client(work: Work, word: str, client_id: str) -> bool:
    """Whether a grant is `agreement:<id>` of an agreement of this county that names this client. Raises Unavailable."""
    found = _WORD.fullmatch(word)
    if found is None:
        return False
    door = work.house.neighbours.get("registry")
    if door is None:
        raise Unavailable(headers={"Retry-After": "5"})
    try:
        told = await door.get("/internal/agreements" + query(agreement_id=UUID(found[1])))
    except NeighbourDown as error:
        raise Unavailable(headers={"Retry-After": "5"}) from error
    return told["partner_client"] == client_id
