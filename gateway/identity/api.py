"""HTTP of identity."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Cookie, Depends, Form, Header, Response

from gateway.identity import administration, machines, repository, service
from gateway.identity.keys import OuterKeys
from gateway.identity.rules import ACCESS_LIFE
from gateway.identity.schemas import (
    AccountAnswer,
    AccountPatch,
    BoundAnswer,
    ClientAnswer,
    ClientPatch,
    Login,
    Me,
    NewAccount,
    NewAccountAnswer,
    NewClient,
    NewKey,
    SessionAnswer,
    TokenAnswer,
)
from gateway.identity.tables import Account, Client
from kit.etags import IfMatch, etag
from kit.problems import Forbidden
from kit.roles import Role
from kit.work import AllowPublic, UnitRoute, Work, allow

router = APIRouter(tags=["identity"], route_class=UnitRoute)

COOKIE = "gk_refresh"
Anybody = Annotated[Work, Depends(AllowPublic())]
SignedIn = Annotated[Work, allow(*(role for role in Role if role is not Role.SERVICE), grant=None)]
Person = Annotated[Work, allow(*(role for role in Role if role not in (Role.SERVICE, Role.AGENCY, Role.PARTNER)))]
Administrator = Annotated[Work, allow(Role.ADMINISTRATOR)]


def _keep(response: Response, work: Work, grant: service.Grant) -> TokenAnswer:
    seconds = int((grant.refresh_until - work.now).total_seconds())
    secure = not work.house.demo  # the demo speaks plain HTTP on loopback only
    response.set_cookie(COOKIE, grant.refresh_token, max_age=seconds, path="/auth/v1", secure=secure, httponly=True, samesite="strict")
    return TokenAnswer(access_token=grant.access_token, expires_in=grant.expires_in)


@router.post("/auth/v1/login")
async def sign_in(work: Anybody, login: Login, response: Response) -> TokenAnswer:
    """Sign in: an access token of ten minutes in the body, a refresh token in a cookie that scripts cannot read."""
    return _keep(response, work, await service.sign_in(work, login))


@router.post("/auth/v1/refresh")
async def refresh(
    work: Anybody,
    response: Response,
    gk_refresh: Annotated[str | None, Cookie()] = None,
    sec_fetch_site: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> TokenAnswer:
    """The next access token; the refresh token rotates."""
    if sec_fetch_site not in (None, "same-origin", "none"):  # the one door that a browser's cookie alone opens (SECURITY T11)
        raise Forbidden
    return _keep(response, work, await service.refresh(work, gk_refresh))


@router.post("/auth/v1/logout", status_code=204)
async def sign_out(work: Person, response: Response) -> None:
    """End this session everywhere."""
    await service.end_session(work, UUID(work.principal.session), "signed_out")
    response.delete_cookie(COOKIE, path="/auth/v1")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


@router.get("/auth/v1/me")
async def me(work: SignedIn) -> Me:
    """Who my token says I am."""
    p = work.principal
    return Me(
        subject=p.subject,
        session=p.session,
        roles=sorted(p.roles),
        scope=list(p.scope),
        grants=list(p.grants),
        staff_code=p.staff_id,
        person_id=p.person_id,
        organisation=BoundAnswer.model_validate(p.organisation) if p.organisation else None,
    )


@router.get("/auth/v1/sessions", response_model=list[SessionAnswer])
async def my_sessions(work: Person) -> object:
    """My open sessions."""
    return await service.my_sessions(work)


@router.delete("/auth/v1/sessions/{session_id}", status_code=204)
async def end_session(work: Person, session_id: UUID) -> None:
    """End one of my sessions."""
    await service.end_own_session(work, session_id)


@router.post("/auth/v1/token")
async def machine_token(
    work: Anybody,
    grant_type: Annotated[str, Form(max_length=60)],
    client_assertion_type: Annotated[str, Form(max_length=100)],
    client_assertion: Annotated[str, Form(max_length=8192)],
) -> TokenAnswer:
    """Client credentials with private_key_jwt (RFC 7523)."""
    token = await machines.token_for_machine(work, grant_type, client_assertion_type, client_assertion)
    return TokenAnswer(access_token=token, expires_in=ACCESS_LIFE)


@router.get("/.well-known/jwks.json")
async def jwks(work: Anybody) -> dict[str, Any]:
    """The public keys of access tokens (RFC 7517)."""
    return {"keys": [work.house.part(OuterKeys).access.public_jwk()]}


@router.get("/.well-known/oauth-authorization-server")
async def metadata(work: Anybody) -> dict[str, Any]:
    """Where a machine signs in (RFC 8414)."""
    demo = {"demo_time": work.now.isoformat()} if work.house.demo else {}  # the demo county lives in 2021 (ADR 0009)
    return {
        **demo,
        "issuer": service.ISSUER,
        "token_endpoint": "/auth/v1/token",
        "jwks_uri": "/.well-known/jwks.json",
        "grant_types_supported": [machines.GRANT],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["EdDSA"],
        "response_types_supported": [],
    }


def _account(account: Account) -> dict[str, Any]:
    names = ("id", "username", "roles", "scope", "staff_code", "person_id", "state", "version")
    return {
        **{name: getattr(account, name) for name in names},
        "organisation": service.bound_to(account),
        "has_totp": account.totp_sealed is not None,
    }


@router.get("/auth/v1/accounts")
async def list_accounts(work: Administrator) -> list[AccountAnswer]:
    """All accounts."""
    return [AccountAnswer(**_account(account)) for account in await repository.accounts(work.session)]


@router.post("/auth/v1/accounts", status_code=201)
async def open_account(work: Administrator, new: NewAccount, response: Response) -> NewAccountAnswer:
    """Open an account."""
    account, secret = await administration.open_account(work, new)
    response.headers["ETag"] = etag(account.version)
    return NewAccountAnswer(**_account(account), totp_secret=secret)


@router.patch("/auth/v1/accounts/{account_id}")
async def amend_account(
    work: Administrator, account_id: UUID, patch: AccountPatch, response: Response, if_match: IfMatch = None
) -> AccountAnswer:
    """Change or disable an account; its sessions end."""
    account = await administration.amend_account(work, account_id, patch, if_match)
    response.headers["ETag"] = etag(account.version)
    return AccountAnswer(**_account(account))


def _client(client: Client, kids: object, response: Response | None = None) -> ClientAnswer:
    if response is not None:
        response.headers["ETag"] = etag(client.version)
    names = ("id", "name", "role", "scope", "grants", "state", "version")
    shown = {name: getattr(client, name) for name in names}
    return ClientAnswer.model_validate({**shown, "organisation": service.bound_to(client), "kids": kids})


@router.get("/auth/v1/clients")
async def list_clients(work: Administrator) -> list[ClientAnswer]:
    """All machine clients."""
    return [_client(client, kids) for client, kids in await administration.list_clients(work)]


@router.post("/auth/v1/clients", status_code=201)
async def register_client(work: Administrator, new: NewClient, response: Response) -> ClientAnswer:
    """Register another agency's or a partner province's system."""
    return _client(*await administration.register_client(work, new), response)


@router.patch("/auth/v1/clients/{client_id}")
async def amend_client(
    work: Administrator, client_id: str, patch: ClientPatch, response: Response, if_match: IfMatch = None
) -> ClientAnswer:
    """Change what a client may do."""
    return _client(*await administration.amend_client(work, client_id, patch, if_match), response)


@router.post("/auth/v1/clients/{client_id}/keys", status_code=201)
async def add_client_key(work: Administrator, client_id: str, new: NewKey, response: Response) -> ClientAnswer:
    """Add a key, so that the client can rotate."""
    return _client(*await administration.add_client_key(work, client_id, new.jwk), response)


@router.delete("/auth/v1/clients/{client_id}/keys/{kid}", status_code=204)
async def withdraw_client_key(work: Administrator, client_id: str, kid: str) -> None:
    """Take one key of a client back, because it leaked or was replaced."""
    await administration.withdraw_client_key(work, client_id, kid)


@router.delete("/auth/v1/clients/{client_id}", status_code=204)
async def revoke_client(work: Administrator, client_id: str) -> None:
    """End a machine's access."""
    await administration.revoke_client(work, client_id)
