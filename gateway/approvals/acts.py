"""What a confirmed request does: for each kind one use case of identity, which checks everything anew."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from gateway.approvals.rules import Kind
from gateway.identity import administration, clients
from gateway.identity.schemas import AccountOpening, AccountPatch, ClientPatch, NewClient
from kit.work import Work

Payload = Mapping[str, Any]


async def _open_account(work: Work, payload: Payload) -> str:
    return str((await administration.open_account(work, AccountOpening.model_validate(payload["new"]), payload["password_hash"])).id)


async def _amend_account(work: Work, payload: Payload) -> str:
    account = await administration.read_account(work, UUID(payload["account_id"]))
    patch = AccountPatch.model_validate(payload["patch"])
    await administration.amend_account(work, account, patch, payload["password_hash"], payload["if_match"])
    return str(account.id)


async def _reset_second_factor(work: Work, payload: Payload) -> str:
    account = await administration.read_account(work, UUID(payload["account_id"]))
    return str((await administration.reset_second_factor(work, account)).id)


async def _register_client(work: Work, payload: Payload) -> str:
    return (await clients.register_client(work, NewClient.model_validate(payload["new"]))).id


async def _amend_client(work: Work, payload: Payload) -> str:
    client = await clients.read_client(work, payload["client_id"])
    return (await clients.amend_client(work, client, ClientPatch.model_validate(payload["patch"]), payload["if_match"])).id


async def _add_client_key(work: Work, payload: Payload) -> str:
    return (await clients.add_client_key(work, payload["client_id"], payload["jwk"])).id


ACTS: dict[Kind, Callable[[Work, Payload], Awaitable[str]]] = {
    "account_open": _open_account,
    "account_amend": _amend_account,
    "second_factor_reset": _reset_second_factor,
    "client_register": _register_client,
    "client_amend": _amend_client,
    "client_key_add": _add_client_key,
}


def packed(payload: Payload) -> str:
    """A payload as text, to be sealed."""
    return json.dumps(payload, ensure_ascii=False, default=str)
