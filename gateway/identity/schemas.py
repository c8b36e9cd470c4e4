"""Messages of identity."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import StringConstraints

from gateway.identity.rules import MIN_PASSWORD
from kit.roles import Role
from kit.schemas import Answer, Message, ShortText

Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{2,39}$")]
ScopePrefix = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,6}[0-9L]{0,3}[0-9A-Z]{0,6}$")]
HumanRole = Literal[
    "county_officer",
    "town_officer",
    "social_worker",
    "grid_worker",
    "police_officer",
    "lab_technician",
    "inspector",
    "leader",
    "auditor",
    "administrator",
    "subject",
]


OrganisationKind = Literal["laboratory", "authority", "institution"]


class Bound(Message):
    """The body that an account or client acts for: a laboratory by its id, an authority by its code, a supervised institution by its code."""

    kind: OrganisationKind
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class BoundAnswer(Answer):
    """The body that an account or client acts for."""

    kind: OrganisationKind
    id: str


class Login(Message):
    """A sign-in."""

    username: Annotated[str, StringConstraints(max_length=60)]
    password: Annotated[str, StringConstraints(max_length=200)]
    totp: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None


class TokenAnswer(Answer):
    """An access token (RFC 6749 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int


class Me(Answer):
    """Who the token says is calling."""

    subject: str
    session: str
    roles: list[str]
    scope: list[str]
    grants: list[str]
    staff_code: str | None
    person_id: str | None
    organisation: BoundAnswer | None


class SessionAnswer(Answer):
    """One of my sessions."""

    id: UUID
    began_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool


class NewAccount(Message):
    """An account to open."""

    username: Username
    password: Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=200)]
    roles: list[HumanRole]
    scope: list[ScopePrefix]
    staff_code: ShortText | None = None
    person_id: UUID | None = None
    organisation: Bound | None = None
    with_totp: bool = False


class AccountPatch(Message):
    """JSON Merge Patch of an account."""

    roles: list[HumanRole] | None = None
    scope: list[ScopePrefix] | None = None
    organisation: Bound | None = None
    state: Literal["active", "disabled"] | None = None
    password: Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=200)] | None = None
    reason: ShortText


class AccountAnswer(Answer):
    """An account."""

    id: UUID
    username: str
    roles: list[str]
    scope: list[str]
    staff_code: str | None
    person_id: UUID | None
    organisation: BoundAnswer | None
    state: str
    has_totp: bool
    version: int


class NewAccountAnswer(AccountAnswer):
    """A new account; the TOTP secret is shown this once."""

    totp_secret: str | None


class NewClient(Message):
    """A machine client to register."""

    id: Username
    name: ShortText
    role: Literal["agency", "partner"]
    scope: tuple[ScopePrefix, ...] = ()
    grants: list[ShortText]
    organisation: Bound | None = None
    jwk: dict[str, Any]


class ClientAnswer(Answer):
    """A machine client."""

    id: str
    name: str
    role: Role
    scope: list[str]
    grants: list[str]
    organisation: BoundAnswer | None
    state: str
    kids: list[str]
    version: int


class NewKey(Message):
    """One more key of a client (rotation)."""

    jwk: dict[str, Any]


class ClientPatch(Message):
    """JSON Merge Patch of a client."""

    organisation: Bound | None = None
    grants: list[ShortText] | None = None
    scope: list[ScopePrefix] | None = None
    reason: ShortText
