"""Use cases of the administrator over machines: clients, their dated grants and their keys.

As with accounts, what gives access is asked by one administrator and confirmed by another (gateway.approvals); what takes it away happens at once.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from gateway.events import ClientRevoked, SessionEnded
from gateway.identity import agreements, organisations, places, repository
from gateway.identity.curve import is_public_key
from gateway.identity.errors import ClientNotFound, KeyTaken, NameTaken
from gateway.identity.rules import CLIENT, OPERATIONS
from gateway.identity.schemas import Bound, ClientPatch, GrantTerms, NewClient
from gateway.identity.service import bound_to
from gateway.identity.tables import Client, ClientChange, ClientGrant, ClientKey
from kit.auth import public_key, thumbprint
from kit.db import new_id
from kit.etags import check_version
from kit.problems import FieldError, Invalid, invalid
from kit.steps.machine import START
from kit.steps.taking import declared, take
from kit.work import Work

_MEMBERS = frozenset({"kty", "crv", "x", "kid", "alg", "use", "key_ops"})
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


async def check_client(work: Work, new: NewClient) -> None:
    """Whether this client can be registered. Raises NameTaken, KeyTaken, Invalid, Unavailable."""
    if await repository.client(work.session, new.id) is not None:
        raise NameTaken
    places.check_scope(new.scope, work.house.county, needed=False)
    await check_grants(work, new.id, new.role, new.grants)
    await _check_bound(work, new.role, new.organisation)
    await check_key(work, new.jwk)


async def register_client(work: Work, new: NewClient) -> Client:
    """Register a machine with its first key. Raises NameTaken, KeyTaken, Invalid, Unavailable."""
    await check_client(work, new)
    client = Client(
        id=new.id,
        name=new.name,
        role=new.role,
        scope=places.stored(new.scope),
        grants=[],
        state=START,
        created_at=work.now,
        updated_at=work.now,
        organisation_kind=new.organisation.kind if new.organisation else None,
        organisation_id=new.organisation.id if new.organisation else None,
    )
    kid = thumbprint(public_key(new.jwk))
    await _take(work, client, "register", {"grants": [terms.word for terms in new.grants], "kid": kid})
    await _set_grants(work, client, new.grants)
    _add_key(work, client, new.jwk)
    await work.session.flush()
    return client


async def add_client_key(work: Work, client_id: str, jwk: Mapping[str, Any]) -> Client:
    """Add a key, so that the client can rotate. Raises ClientNotFound, KeyTaken, Invalid."""
    client = await read_client(work, client_id)
    declared(CLIENT, client.state, "add_key")
    await check_key(work, jwk)
    kid = _add_key(work, client, jwk)
    await _take(work, client, "add_key", {"kid": kid})
    return client


def gives(client: Client, held: Sequence[ClientGrant], patch: ClientPatch, today: date) -> bool:
    """Whether a change lets a client do more than it may: only less needs no second administrator."""
    known = {grant.word: grant for grant in held}
    more = any(_is_more(known.get(terms.word), terms, today) for terms in patch.grants or ())
    bound = (
        patch.organisation is not None
        and bound_to(client) is not None
        and str(bound_to(client)) != f"{patch.organisation.kind}:{patch.organisation.id}"
    )
    wider = patch.scope is not None and any(not entry.startswith(tuple(client.scope) or ("x",)) for entry in places.stored(patch.scope))
    return more or bound or wider or (patch.organisation is not None and bound_to(client) is None)


def _is_more(held: ClientGrant | None, terms: GrantTerms, today: date) -> bool:
    if held is None or (terms.valid_from or today) < held.valid_from:
        return True
    return held.valid_to is not None and (terms.valid_to is None or terms.valid_to > held.valid_to)


async def check_patch(work: Work, client: Client, patch: ClientPatch, if_match: str | None) -> None:
    """Whether this change can be made. Raises StaleVersion, Invalid, Unavailable."""
    check_version(if_match, client.version)
    declared(CLIENT, client.state, "amend")
    if patch.scope is not None:
        places.check_scope(patch.scope, work.house.county, needed=False)
    if patch.grants is not None:
        await check_grants(work, client.id, client.role, patch.grants)
    await _check_bound(work, client.role, patch.organisation)


async def _check_bound(work: Work, role: str, bound: Bound | None) -> None:
    """Another agency's system acts for a body that exists; a partner county's acts for its county alone. Raises Invalid, Unavailable."""
    if bound is None:
        return
    if role != "agency":
        raise invalid("/organisation", "organisation_unfit", "此角色不能归属该类单位", "these roles act for no body of this kind")
    await organisations.check_exists(work, bound)


async def amend_client(work: Work, client: Client, patch: ClientPatch, if_match: str | None) -> Client:
    """Change what a client may do; the tokens that it holds end at once. Raises StaleVersion, Invalid, Unavailable."""
    await check_patch(work, client, patch, if_match)
    if patch.grants is not None:
        await _set_grants(work, client, patch.grants)
    if patch.scope is not None:
        client.scope = places.stored(patch.scope)
    if patch.organisation is not None:
        client.organisation_kind, client.organisation_id = patch.organisation.kind, patch.organisation.id
    await _change(work, client, "amend", {"grants": client.grants}, patch.reason)
    return client


async def withdraw_client_key(work: Work, client_id: str, kid: str) -> None:
    """Take one key of a client back; the tokens that the client holds end at once, since nobody knows which key they were got with. Raises ClientNotFound."""
    client = await read_client(work, client_id)
    key = await repository.key_of(work.session, client.id, kid, work.now)
    if key is None:
        raise ClientNotFound
    key.not_after = work.now
    await _change(work, client, "withdraw_key", {"kid": kid})


async def revoke_client(work: Work, client_id: str) -> None:
    """End a machine's access within a moment. Raises ClientNotFound."""
    client = await read_client(work, client_id)
    if not CLIENT.find(client.state, "revoke"):
        return  # revoked again, it stays revoked
    await _change(work, client, "revoke")
    await work.publish(ClientRevoked(client_id=client.id), new_id(), "")


async def list_clients(work: Work) -> list[tuple[Client, Sequence[str], Sequence[ClientGrant]]]:
    """All clients with the ids of their keys and their grants."""
    keys, grants = await repository.key_ids(work.session, work.now), await repository.all_grants(work.session)
    return [(client, keys.get(client.id, []), grants.get(client.id, [])) for client in await repository.clients(work.session)]


async def read_client(work: Work, client_id: str) -> Client:
    """One client. Raises ClientNotFound."""
    client = await repository.client(work.session, client_id)
    if client is None:
        raise ClientNotFound
    return client


async def details_of(work: Work, client: Client) -> tuple[Client, Sequence[str], Sequence[ClientGrant]]:
    """A client with the ids of its keys and its grants."""
    keys = [key.kid for key in await repository.keys_of(work.session, client.id, work.now)]
    return client, keys, await repository.grants_of(work.session, client.id)


async def _take(work: Work, client: Client, event: str, details: Mapping[str, Any] | None = None, reason: str = "") -> None:
    await take(work, CLIENT, client, event, ClientChange, noted=("client", client.id, "client"), reason=reason, details=details)


async def _change(work: Work, client: Client, event: str, details: Mapping[str, Any] | None = None, reason: str = "") -> None:
    """A step that narrows or ends what a client holds: sessions of earlier versions end, and every gateway process is woken to hear it."""
    client.changed_at = work.now
    await _take(work, client, event, details, reason)
    await work.publish(SessionEnded(reason="client_changed"), new_id(), "")


async def check_grants(work: Work, client_id: str, role: str, grants: Sequence[GrantTerms]) -> None:
    """Whether each grant is a known word for this role: an operation for an agency, an agreement that names this client for a partner. Raises Invalid,
    Unavailable."""
    faults: list[FieldError] = []
    for place, terms in enumerate(grants):
        pointer = f"/grants/{place}"
        if terms.valid_from and terms.valid_to and terms.valid_to <= terms.valid_from:
            faults.append(FieldError(pointer, "ends_before_start", "终止日须晚于起始日", "ends before it begins"))
        if terms.word in OPERATIONS:
            if role != "agency":
                faults.append(FieldError(pointer, "grant_unfit", "此授权只能给对接单位", "this grant is for agencies"))
        elif role != "partner" or not await agreements.names_client(work, terms.word, client_id):
            faults.append(
                FieldError(
                    pointer, "grant_unknown", "没有此授权,或协议不属于该客户端", "no such grant, or the agreement does not name this client"
                )
            )
    if len({terms.word for terms in grants}) != len(grants):
        faults.append(FieldError("/grants", "duplicate", "授权重复", "a grant occurs twice"))
    if faults:
        raise Invalid(errors=faults[:50])


async def _set_grants(work: Work, client: Client, grants: Sequence[GrantTerms]) -> None:
    """Replace what a client may do. What is taken away ends today and stays in the record with its count."""
    held = {grant.word: grant for grant in await repository.grants_of(work.session, client.id)}
    for terms in grants:
        grant = held.pop(terms.word, None)
        first = terms.valid_from or (grant.valid_from if grant is not None and grant.valid_to is None else work.today)
        if grant is None:
            work.session.add(ClientGrant(client_id=client.id, word=terms.word, valid_from=first, valid_to=terms.valid_to))
        else:
            grant.valid_from, grant.valid_to = first, terms.valid_to
    for grant in held.values():
        if grant.valid_to is None or grant.valid_to > work.today:
            grant.valid_to = work.today
            grant.valid_from = min(grant.valid_from, work.today)
    client.grants = [terms.word for terms in grants]
    await work.session.flush()


async def check_key(work: Work, jwk: Mapping[str, Any]) -> None:
    """Whether this is a public key for signatures that nobody registered before. Raises Invalid, KeyTaken."""
    fault = key_fault(jwk)
    if fault is not None:
        raise invalid("/jwk", *fault)
    if await repository.key_registered(work.session, thumbprint(public_key(jwk))):
        raise KeyTaken


def key_fault(jwk: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Why a JWK cannot be a client's key (RFC 7517 4, RFC 8037 2), as code and reason in two languages; None when it can."""
    if not _PRIVATE.isdisjoint(jwk):
        return "private_key", "不要提交私钥", "never send a private key"
    unfit = "key_unfit", "须为签名用的 Ed25519 公钥(JWK)", "an Ed25519 public key for signatures as JWK is needed"
    x = jwk.get("x")
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or not isinstance(x, str) or not _MEMBERS.issuperset(jwk):
        return unfit
    if (
        jwk.get("use", "sig") != "sig"
        or jwk.get("alg", "EdDSA") not in ("EdDSA", "Ed25519")
        or jwk.get("key_ops", ["verify"]) != ["verify"]
    ):
        return unfit
    if not isinstance(jwk.get("kid", ""), str):
        return unfit
    try:
        raw = base64.b64decode(x + "=" * (-len(x) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return unfit
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != x:
        return unfit
    if not is_public_key(raw):
        return "weak_key", "公钥不是曲线上的有效点", "the key is not a valid point of the curve"
    return None


def _add_key(work: Work, client: Client, jwk: Mapping[str, Any]) -> str:
    kid = thumbprint(public_key(jwk))
    public = {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"], "kid": kid}
    work.session.add(ClientKey(client_id=client.id, kid=kid, jwk=public, not_before=work.now))
    return kid
