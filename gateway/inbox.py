"""The gateway's readers of registry events: a worker who leaves loses access within a minute, and one who moves needs a new opening (domain 11.1).

Only accounts that name a member of staff are touched. A post or a town that changed closes the account until two administrators open it with the new
rights: so that no worker keeps access to the persons of the old town.
"""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from gateway.identity import administration, repository, rules
from kit.follow import Envelope, Reader
from kit.work import Work


class _Staff(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    post: str
    division_code: str
    valid_from: date
    valid_to: date | None


async def staff_changed(work: Work, envelope: Envelope) -> None:
    """A member of staff changed or leaves: the accounts follow."""
    said = _Staff.model_validate(envelope.data)
    for account in await repository.accounts_of_staff(work.session, said.code):
        moved = account.staff_division not in (None, said.division_code) or not {said.post} >= {
            rules.WORKERS[role] for role in account.roles if role in rules.WORKERS
        }
        account.staff_from, account.staff_until, account.staff_division = said.valid_from, said.valid_to, said.division_code
        away = not rules.serves_on(work.today, said.valid_from, said.valid_to)
        if account.state != "active" or not (moved or away):
            continue
        reason = "left" if away else "moved"
        await administration.end_access(work, account, "follow_staff", reason, reason=reason, details={"reason": reason}, disabled=reason)


READERS: dict[str, Reader] = {"staff.*": staff_changed}
