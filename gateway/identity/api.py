"""HTTP of identity."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Cookie, Depends, Form, Header, Request, Response

from gateway.edge.limits import address_key
from gateway.identity import machines, people, service
from gateway.identity.errors import EnrolmentRequired
from gateway.identity.keys import OuterKeys
from gateway.identity.repository import COLLEAGUES
from gateway.identity.rules import ACCESS_LIFE, HumanRole
from gateway.identity.schemas import (
    AccessKeys,
    AuthorizationServer,
    BoundAnswer,
    Colleague,
    ColleaguesAsked,
    EnrolmentAnswer,
    Login,
    Me,
    PasswordChange,
    PublicKey,
    SessionAnswer,
    TokenAnswer,
)
from gateway.identity.throttle import Origin
from kit.clock import SHANGHAI
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.problems import Forbidden, may_answer
from kit.roles import Role
from kit.schemas import DivisionCode
from kit.work import AllowPublic, UnitRoute, Work, allow

router = APIRouter(tags=["identity"], route_class=UnitRoute)
SESSIONS = Made(
    name="gateway.sessions",
    item=SessionAnswer,
    sorts={"began_at": (Key("began_at", "timestamptz"), Key("id", "uuid"))},
    default="began_at",
    action="session.list",
    object_type="session",
)
FOUND = Made(
    name="gateway.colleagues_found",
    item=Colleague,
    sorts={"id": (Key("id", "uuid"),)},
    default="id",
    counted={"division_code": "division_code"},
)

COOKIE = "gk_refresh"
DEVICE = "gk_device"
DEVICE_LIFE = 180 * 86400
"""Seconds for which a device is known that signed in: failures from elsewhere do not make it wait."""
Anybody = Annotated[Work, Depends(AllowPublic())]
SignedIn = Annotated[Work, allow(*(role for role in Role if role is not Role.SERVICE), grant=None)]
Person = Annotated[Work, allow(*(role for role in Role if role not in (Role.SERVICE, Role.AGENCY, Role.PARTNER)))]
Officer = Annotated[
    Work,
    allow(
        Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.INSPECTOR, Role.AUDITOR, Role.ADMINISTRATOR
    ),
]


def _origin(request: Request) -> Origin:
    return Origin(address_key((request.client.host, 0)) if request.client else "", request.cookies.get(DEVICE))


def _secure(work: Work) -> bool:
    return not work.house.demo  # the demo speaks plain HTTP on loopback only


def _keep(response: Response, work: Work, grant: service.Grant) -> TokenAnswer:
    seconds = int((grant.refresh_until - work.now).total_seconds())
    secure = _secure(work)
    response.set_cookie(COOKIE, grant.refresh_token, max_age=seconds, path="/auth/v1", secure=secure, httponly=True, samesite="strict")
    return TokenAnswer(access_token=grant.access_token, expires_in=grant.expires_in)


@router.post("/auth/v1/login", responses=may_answer(EnrolmentRequired))
async def sign_in(work: Anybody, login: Login, request: Request, response: Response) -> TokenAnswer:
    """Sign in: an access token of ten minutes in the body, a refresh token in a cookie that scripts cannot read."""
    grant, device = await service.sign_in(work, login, _origin(request))
    response.set_cookie(DEVICE, device, max_age=DEVICE_LIFE, path="/auth/v1", secure=_secure(work), httponly=True, samesite="strict")
    return _keep(response, work, grant)


@router.post("/auth/v1/totp/enrolment")
async def enrol(work: Anybody, login: Login, request: Request) -> EnrolmentAnswer:
    """A secret for one-time codes, for an account that has none; the next sign-in carries its code."""
    secret, uri = await service.enrol(work, login, _origin(request))
    return EnrolmentAnswer(secret=secret, uri=uri)


@router.post("/auth/v1/password", status_code=204)
async def change_password(work: Person, change: PasswordChange, request: Request) -> None:
    """Change my password; my other sessions end."""
    await service.change_password(work, change, _origin(request))


@router.post("/auth/v1/refresh", responses=may_answer(Forbidden))
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
    myself = await people.myself(work)
    return Me(
        subject=p.subject,
        session=p.session,
        roles=sorted(p.roles),
        scope=list(p.scope),
        grants=list(p.grants),
        staff_code=p.staff_id,
        person_id=p.person_id,
        organisation=BoundAnswer.model_validate(p.organisation) if p.organisation else None,
        name=myself.name,
        post=myself.post,
        towns=myself.towns,
        now=work.now,
        time_zone=SHANGHAI.key,
    )


@router.get("/auth/v1/colleagues", responses=answers(COLLEAGUES))
async def list_colleagues(
    work: Officer, asked: Annotated[Asked, ask(COLLEAGUES)], role: HumanRole | None = None, division_code: DivisionCode | None = None
) -> Response:
    """Who works in my towns, to choose from: name, post and town of every account in use."""
    return answer(asked, await people.list_colleagues(work, asked, role, division_code))


@router.post("/auth/v1/colleagues/search", responses=answers(FOUND))
async def colleagues(work: Officer, search: ColleaguesAsked, asked: Annotated[Asked, ask(FOUND)]) -> Response:
    """Names, posts and towns of the colleagues behind these account ids, as far as they work in my towns."""
    return answer(asked, await find_made(work, FOUND, asked, await people.colleagues(work, search.ids), {"ids": search.ids}))


@router.get("/auth/v1/sessions", responses=answers(SESSIONS))
async def my_sessions(work: Person, asked: Annotated[Asked, ask(SESSIONS)]) -> Response:
    """My open sessions."""
    return answer(asked, await find_made(work, SESSIONS, asked, [SessionAnswer(**found) for found in await service.my_sessions(work)]))


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
async def jwks(work: Anybody) -> AccessKeys:
    """The public keys of access tokens (RFC 7517)."""
    return AccessKeys(keys=[PublicKey.model_validate(work.house.part(OuterKeys).access.public_jwk())])


@router.get("/.well-known/oauth-authorization-server")
async def metadata(work: Anybody) -> AuthorizationServer:
    """Where a machine signs in (RFC 8414)."""
    demo = {"demo_time": work.now} if work.house.demo else {}  # the demo county lives in 2021 (ADR 0009)
    return AuthorizationServer(
        issuer=service.ISSUER,
        token_endpoint="/auth/v1/token",  # noqa: S106 - an address
        jwks_uri="/.well-known/jwks.json",
        grant_types_supported=[machines.GRANT],
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported=["EdDSA"],
        response_types_supported=[],
        **demo,
    )
