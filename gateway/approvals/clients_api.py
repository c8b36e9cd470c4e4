"""HTTP of machines' clients, for administrators: a change that gives access becomes a request (202); one that takes access away happens at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Response

from gateway.approvals import service as approvals
from gateway.approvals.accounts_api import ASKED
from gateway.approvals.schemas import ApprovalAnswer
from gateway.identity import clients, rules
from gateway.identity.schemas import ClientAnswer, ClientPatch, GrantAnswer, NewClient, NewKey
from gateway.identity.service import bound_to
from gateway.identity.tables import Client, ClientGrant
from kit.auth import public_key, thumbprint
from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.steps.taking import declared, next_steps
from kit.work import UnitRoute, Work, allow

router = APIRouter(prefix="/auth/v1/clients", tags=["clients"], route_class=UnitRoute)
CLIENTS = Made(
    name="gateway.clients",
    item=ClientAnswer,
    sorts={"id": (Key("id"),), "name": (Key("name"), Key("id"))},
    default="id",
    counted={"role": "role", "state": "state"},
    action="client.list",
    object_type="client",
)
Administrator = Annotated[Work, allow(Role.ADMINISTRATOR)]


def _client(work: Work, client: Client, kids: Sequence[str], grants: Sequence[ClientGrant]) -> ClientAnswer:
    names = ("id", "name", "role", "scope", "state", "version")
    shown = {name: getattr(client, name) for name in names}
    held = [grant.word for grant in grants if rules.serves_on(work.today, grant.valid_from, grant.valid_to)]
    terms = [GrantAnswer.model_validate(grant) for grant in grants]
    following = next_steps(rules.CLIENT, client.state, work.principal)
    told = {"grants": held, "organisation": bound_to(client), "kids": kids, "grant_terms": terms, "next_steps": following}
    return ClientAnswer.model_validate({**shown, **told})


@router.get("", responses=answers(CLIENTS))
async def list_clients(work: Administrator, asked: Annotated[Asked, ask(CLIENTS)]) -> Response:
    """All machine clients, with their keys, their grants and how often these were used."""
    return answer(asked, await find_made(work, CLIENTS, asked, [_client(work, *found) for found in await clients.list_clients(work)]))


@router.post("", status_code=202)
async def register_client(work: Administrator, new: NewClient) -> ApprovalAnswer:
    """Ask to register another agency's or a partner province's system."""
    await clients.check_client(work, new)
    told = new.model_dump(mode="json")
    summary = {**{name: value for name, value in told.items() if name != "jwk"}, "kid": thumbprint(public_key(new.jwk))}
    return await approvals.answered(work, await approvals.ask(work, "client_register", new.id, summary, {"new": told}))


@router.get("/{client_id}")
async def read_client(work: Administrator, client_id: str, response: Response) -> ClientAnswer:
    """One machine client, with its keys, its grants and how often these were used."""
    client = await clients.read_client(work, client_id)
    response.headers["ETag"] = etag(client.version)
    return _client(work, *await clients.details_of(work, client))


@router.patch("/{client_id}", responses=ASKED)
async def amend_client(
    work: Administrator, client_id: str, patch: ClientPatch, response: Response, if_match: IfMatch = None
) -> ClientAnswer | ApprovalAnswer:
    """Change what a client may do. Fewer rights take effect at once; more rights become a request (202) and wait for a second administrator."""
    client, _, held = await clients.details_of(work, await clients.read_client(work, client_id))
    if clients.gives(client, held, patch, work.today):
        await clients.check_patch(work, client, patch, if_match)
        changes = patch.model_dump(mode="json", exclude_unset=True)
        payload = {"client_id": client.id, "patch": changes, "if_match": etag(client.version)}
        response.status_code = 202
        return await approvals.answered(work, await approvals.ask(work, "client_amend", client.id, changes, payload))
    client = await clients.amend_client(work, client, patch, if_match)
    response.headers["ETag"] = etag(client.version)
    return _client(work, *await clients.details_of(work, client))


@router.post("/{client_id}/keys", status_code=202)
async def add_client_key(work: Administrator, client_id: str, new: NewKey) -> ApprovalAnswer:
    """Ask to add a key, so that the client can rotate."""
    client = await clients.read_client(work, client_id)
    declared(rules.CLIENT, client.state, "add_key")
    await clients.check_key(work, new.jwk)
    summary = {"kid": thumbprint(public_key(new.jwk))}
    asked = await approvals.ask(work, "client_key_add", client.id, summary, {"client_id": client.id, "jwk": new.jwk})
    return await approvals.answered(work, asked)


@router.delete("/{client_id}/keys/{kid}", status_code=204)
async def withdraw_client_key(work: Administrator, client_id: str, kid: str) -> None:
    """Take one key of a client back, because it leaked or was replaced."""
    await clients.withdraw_client_key(work, client_id, kid)


@router.delete("/{client_id}", status_code=204)
async def revoke_client(work: Administrator, client_id: str) -> None:
    """End a machine's access."""
    await clients.revoke_client(work, client_id)
