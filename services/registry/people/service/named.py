"""Tell the names of persons beside their ids: the register decides, here alone, whose name a caller may read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kit.auth import InvalidToken, principal_of
from kit.lists import Asked, find_json
from kit.problems import Forbidden
from kit.work import PURPOSES, House, Work
from services.registry.people import policy, repository


async def tell_names(house: House, asked: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The names of those of these persons whom the caller would find in the list of people: by role, place, care team and an open record (domain 2.5, 11.1).

    Audited like that list, with the ids that were named. Raises Forbidden for claims that are not a caller's.
    """
    try:
        caller = principal_of(asked["caller"])
    except (InvalidToken, KeyError) as error:
        raise Forbidden from error
    if asked["purpose"] not in PURPOSES or not (caller.has(*policy.READERS) or caller.person_id):
        return {"people": {}}
    ids = [str(person) for person in asked["people"]]
    async with house.database.session() as session:  # opens no connection until it is used
        work = Work(house, session, caller, house.clock(), str(asked["request_id"]), asked["purpose"])
        reach = policy.reach(caller)
        question = Asked(len(ids), None, repository.NAMED.default, False, "json", "", "", False)
        found = await find_json(work, repository.NAMED, question, {**reach, "ids": ids, "today": work.today if "team" in reach else None})
    return {"people": {person["id"]: person["name"] for person in json.loads(found.items)}}
