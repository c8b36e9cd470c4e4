"""Use cases of the administrator: accounts of people and clients of machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pyotp

from gateway.events import AccountDisabled, ClientRevoked, SessionEnded
from gateway.identity import repository
from gateway.identity.errors import AccountNotFound, ClientNotFound, NameTaken, OwnRights
from gateway.identity.passwords import hash_password
from gateway.identity.schemas import AccountPatch, Bound, ClientPatch, NewAccount, NewClient
from gateway.identity.service import bound_to
from gateway.identity.tables import Account, Client, ClientKey
from kit.auth import Organisation, public_key, thumbprint
from kit.db import new_id
from kit.etags import check_version
from kit.problems import invalid
from kit.work import Work


async def open_account(work: Work, new: NewAccount) -> tuple[Account, str | None]:
    """Open an account; the TOTP secret is returned this once. Raises NameTaken, Invalid."""
    _check_roles(new.roles, new.person_id)
    _check_bound(new.roles, new.organisation)
    if await repository.account_named(work.session, new.username) is not None:
        raise NameTaken
    account_id = new_id()
    secret = pyotp.random_base32() if new.with_totp else None
    account = Account(
        id=account_id,
        username=new.username,
        password_hash=await hash_password(new.password),
        roles=sorted(new.roles),
        scope=list(new.scope),
        staff_code=new.staff_code,
        person_id=new.person_id,
        organisation_kind=new.organisation.kind if new.organisation else None,
        organisation_id=new.organisation.id if new.organisation else None,
        totp_sealed=work.sealer.seal(secret, "account", "totp", str(account_id)) if secret else None,
        created_at=work.now,
    )
    work.session.add(account)
    await work.session.flush()
    await work.note("account.open", "account", account.id, details={"roles": account.roles})
    return account, secret


async def amend_account(work: Work, account_id: UUID, patch: AccountPatch, if_match: str | None) -> Account:
    """Change an account; disabling it, or changing what it may do, ends its sessions at once. Raises AccountNotFound, StaleVersion, OwnRights, Invalid."""
    account = await repository.account(work.session, account_id)
    if account is None:
        raise AccountNotFound
    check_version(if_match, account.version)
    if str(account.id) == work.principal.subject and (patch.roles is not None or patch.scope is not None):
        raise OwnRights
    if patch.roles is not None:
        _check_roles(patch.roles, account.person_id)
        account.roles = sorted(patch.roles)
    if patch.scope is not None:
        account.scope = list(patch.scope)
    if patch.organisation is not None:
        account.organisation_kind, account.organisation_id = patch.organisation.kind, patch.organisation.id
    if patch.roles is not None or patch.organisation is not None:
        _check_bound(account.roles, bound_to(account))
    if patch.password is not None:
        account.password_hash = await hash_password(patch.password)
    if patch.state is not None:
        account.state = patch.state
    account.version += 1
    for session_id in await repository.end_sessions(work.session, account.id, work.now, "account_changed"):
        await work.publish(SessionEnded(reason="account_changed"), session_id, "")
    if patch.state == "disabled":
        await work.publish(AccountDisabled(reason=patch.reason), account.id, "")
    await work.note(
        "account.amend", "account", account.id, details={"fields": sorted(patch.model_fields_set - {"reason"}), "reason": patch.reason}
    )
    return account


async def register_client(work: Work, new: NewClient) -> tuple[Client, Sequence[str]]:
    """Register a machine with its first key. Raises NameTaken, Invalid."""
    if await repository.client(work.session, new.id) is not None:
        raise NameTaken
    client = Client(
        id=new.id,
        name=new.name,
        role=new.role,
        scope=list(new.scope),
        grants=list(new.grants),
        created_at=work.now,
        organisation_kind=new.organisation.kind if new.organisation else None,
        organisation_id=new.organisation.id if new.organisation else None,
    )
    work.session.add(client)
    await work.session.flush()
    kid = _add_key(work, client, new.jwk)
    await work.note("client.register", "client", client.id, details={"grants": client.grants})
    await work.session.flush()
    return client, [kid]


async def add_client_key(work: Work, client_id: str, jwk: dict[str, Any]) -> tuple[Client, Sequence[str]]:
    """Add a key, so that the client can rotate. Raises ClientNotFound, Invalid."""
    client = await _client(work, client_id)
    _add_key(work, client, jwk)
    await work.session.flush()
    await work.note("client.add_key", "client", client.id)
    return client, [key.kid for key in await repository.keys_of(work.session, client.id, work.now)]


async def amend_client(work: Work, client_id: str, patch: ClientPatch, if_match: str | None) -> tuple[Client, Sequence[str]]:
    """Change what a client may do; the tokens that it holds end at once. Raises ClientNotFound, StaleVersion."""
    client = await _client(work, client_id)
    check_version(if_match, client.version)
    if patch.grants is not None:
        client.grants = list(patch.grants)
    if patch.scope is not None:
        client.scope = list(patch.scope)
    if patch.organisation is not None:
        client.organisation_kind, client.organisation_id = patch.organisation.kind, patch.organisation.id
    await _change(work, client)
    await work.note("client.amend", "client", client.id, details={"grants": client.grants, "reason": patch.reason})
    return client, [key.kid for key in await repository.keys_of(work.session, client.id, work.now)]


async def withdraw_client_key(work: Work, client_id: str, kid: str) -> None:
    """Take one key of a client back; the tokens that the client holds end at once, since nobody knows which key they were got with. Raises ClientNotFound."""
    client = await _client(work, client_id)
    key = await repository.key_of(work.session, client.id, kid, work.now)
    if key is None:
        raise ClientNotFound
    key.not_after = work.now
    await _change(work, client)
    await work.note("client.withdraw_key", "client", client.id, details={"kid": kid})


async def _change(work: Work, client: Client) -> None:
    """The next version of a client: sessions of earlier ones end, and every gateway process is woken to hear it."""
    client.version, client.changed_at = client.version + 1, work.now
    await work.publish(SessionEnded(reason="client_changed"), new_id(), "")


async def revoke_client(work: Work, client_id: str) -> None:
    """End a machine's access within a moment. Raises ClientNotFound."""
    client = await _client(work, client_id)
    client.state = "revoked"
    await _change(work, client)
    await work.publish(ClientRevoked(client_id=client.id), new_id(), "")
    await work.note("client.revoke", "client", client.id)


async def list_clients(work: Work) -> list[tuple[Client, Sequence[str]]]:
    """All clients with the ids of their keys."""
    keys = await repository.key_ids(work.session, work.now)
    return [(client, keys.get(client.id, [])) for client in await repository.clients(work.session)]


async def _client(work: Work, client_id: str) -> Client:
    client = await repository.client(work.session, client_id)
    if client is None:
        raise ClientNotFound
    return client


_SEES_NOBODY = {"leader", "auditor", "administrator"}


def _check_roles(roles: Sequence[str], person_id: UUID | None) -> None:
    if not roles:
        raise invalid("/roles", "missing", "至少一个角色", "at least one role")
    if "subject" in roles and (person_id is None or len(set(roles)) > 1):
        raise invalid(
            "/roles", "subject_alone", "本人账号须关联人员且不能兼任其他角色", "a subject account names its person and has no other role"
        )
    if not _SEES_NOBODY.isdisjoint(roles) and len(set(roles)) > 1:
        raise invalid(
            "/roles", "sees_no_persons", "领导、审计、管理员角色不得兼任其他角色", "leader, auditor and administrator have no other role"
        )


_BODIES = {"lab_technician": "laboratory", "inspector": "authority"}
"""Roles that act for a body → its kind. Other roles act for the county, and for no body."""


def _check_bound(roles: Sequence[str], bound: Bound | Organisation | None) -> None:
    """Whether these roles can act for this body. Raises Invalid."""
    kinds = {_BODIES[role] for role in roles if role in _BODIES}
    if bound is not None and bound.kind not in kinds:
        raise invalid("/organisation", "organisation_unfit", "此角色不能归属该类单位", "these roles act for no body of this kind")


def _add_key(work: Work, client: Client, jwk: dict[str, Any]) -> str:
    try:
        key = public_key(jwk)
    except ValueError as error:
        raise invalid("/jwk", "key_unfit", "须为 Ed25519 公钥(JWK)", "an Ed25519 public key as JWK is needed") from error
    if "d" in jwk:
        raise invalid("/jwk", "private_key", "不要提交私钥", "never send a private key")
    kid = thumbprint(key)
    public = {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"], "kid": kid}
    work.session.add(ClientKey(client_id=client.id, kid=kid, jwk=public, not_before=work.now))
    return kid
