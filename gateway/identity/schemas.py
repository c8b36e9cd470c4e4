"""Messages of identity."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, StringConstraints, WithJsonSchema
from pydantic_core import core_schema

from gateway.identity.rules import MIN_PASSWORD, AccountState, ClientState, HumanRole, MachineRole
from kit.auth import OrganisationKind
from kit.codes import Listed
from kit.roles import Role
from kit.schemas import Answer, Day, Message, PersonName, ShortText, Sparse
from kit.steps.taking import NextStep

Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{2,39}$")]
ScopePrefix = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9L][0-9]{2}([0-9]{3})?)?$")]
"""A county, town or service centre (L) by its division code, in 6, 9 or 12 digits."""
Password = Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=200)]


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


class PublicKey(Answer):
    """The public half of a key (RFC 7517 4, RFC 8037 2)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    alg: Literal["EdDSA"]
    use: Literal["sig"]


class AccessKeys(Answer):
    """The public keys of access tokens (RFC 7517)."""

    keys: list[PublicKey]


class AuthorizationServer(Sparse):
    """Where and how a machine signs in (RFC 8414 2). `demo_time`: the time of a demo county, which lives in another year."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    response_types_supported: list[str]
    demo_time: datetime | None = None


class Me(Answer):
    """Who the token says is calling."""

    unnamed = frozenset({"person_id", "staff_code"})

    subject: str
    session: str
    roles: list[Annotated[str, Listed("role")]]
    scope: list[str]
    grants: list[str]
    staff_code: str | None
    person_id: str | None
    organisation: BoundAnswer | None
    name: str | None
    """Who I am, as the registry's staff list or the account says."""
    post: Annotated[str, Listed("post")] | None
    towns: list[TownAnswer]
    """The places of the scope, with their names."""
    now: datetime
    time_zone: str
    """Days and deadlines are counted in it."""


class TownAnswer(Answer):
    """A place with its name."""

    code: str
    name: str | None


class ColleaguesAsked(Message):
    """Accounts whose holders' names are wanted."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class Colleague(Answer):
    """A colleague: who, in which post, in which town. No phone, no user name."""

    id: UUID
    name: str | None
    post: Annotated[str, Listed("post")] | None
    division_code: str | None
    roles: list[Annotated[str, Listed("role")]]


class ColleagueRow(Answer):
    """A colleague to choose: the account with the name of who holds it, in which post, in which town. No phone, no user name."""

    account_id: UUID
    post: Annotated[str, Listed("post")] | None
    division_code: str | None
    roles: list[Annotated[str, Listed("role")]]


class SessionAnswer(Answer):
    """One of my sessions."""

    id: UUID
    began_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool


class PasswordChange(Message):
    """A change of the own password; `totp` where a second factor is enrolled."""

    password: Annotated[str, StringConstraints(max_length=200)]
    new_password: Password
    totp: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None


class EnrolmentAnswer(Answer):
    """A secret for one-time codes (RFC 6238): for the app on the phone, as text and as otpauth address. It counts from the first sign-in with its code on."""

    secret: str
    uri: str


class AccountOpening(Message):
    """What an account to be opened is."""

    username: Username
    roles: list[HumanRole]
    scope: list[ScopePrefix]
    staff_code: ShortText | None = None
    """Workers: their number in the registry's staff list, in the post of the role."""
    holder: PersonName | None = None
    """Everybody else: who holds the account."""
    person_id: UUID | None = None
    organisation: Bound | None = None


class NewAccount(AccountOpening):
    """An account to open, with its first password."""

    password: Password


class AccountPatch(Message):
    """JSON Merge Patch of an account."""

    roles: list[HumanRole] | None = None
    scope: list[ScopePrefix] | None = None
    organisation: Bound | None = None
    staff_code: ShortText | None = None
    state: AccountState | None = None
    password: Password | None = None
    reason: ShortText


class AccountAnswer(Answer):
    """An account."""

    unnamed = frozenset({"person_id"})

    id: UUID
    username: str
    roles: list[Annotated[str, Listed("role")]]
    scope: list[str]
    staff_code: str | None
    person_id: UUID | None
    organisation: BoundAnswer | None
    state: AccountState
    has_totp: bool
    holder: str | None
    staff_from: date | None
    staff_until: date | None
    version: int
    next_steps: list[NextStep]


class GrantTerms(Message):
    """What a client may do: an operation, or `agreement:<id>` of an agreement that names it; from a day (today) until a day (open)."""

    word: Annotated[str, StringConstraints(pattern=r"^[a-z]+:[a-z0-9-]{1,60}$")]
    valid_from: Day | None = None
    valid_to: Day | None = None


def _terms(value: object) -> object:
    return {"word": value} if isinstance(value, str) else value


Terms = Annotated[GrantTerms, BeforeValidator(_terms)]
"""A grant with its days, or its word alone."""


class GrantAnswer(Answer):
    """A grant: from when to when it holds, and how many tokens were asked for it."""

    word: str
    valid_from: date
    valid_to: date | None
    tokens: int
    last_used_at: datetime | None


class JwkMembers:
    """Checks that a key has no other members than those that are read: a public one's, and a private one's, which `clients.key_fault` refuses by its name."""

    NAMES = ("kty", "crv", "x", "kid", "alg", "use", "key_ops", "d", "p", "q", "dp", "dq", "qi", "oth", "k")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        fields = {name: core_schema.typed_dict_field(core_schema.any_schema(), required=False) for name in self.NAMES}
        return core_schema.typed_dict_schema(fields, extra_behavior="forbid")


Jwk = Annotated[
    dict[str, Any],
    JwkMembers(),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "kty": {"type": "string", "const": "OKP"},
                "crv": {"type": "string", "const": "Ed25519"},
                "x": {"type": "string"},
                "kid": {"type": "string"},
                "alg": {"type": "string", "pattern": "^(EdDSA|Ed25519)$"},
                "use": {"type": "string", "const": "sig"},
                "key_ops": {"type": "array", "items": {"type": "string", "const": "verify"}},
            },
            "required": ["kty", "crv", "x"],
            "additionalProperties": False,
        }
    ),
]
"""A public key for signatures (RFC 7517 4, RFC 8037 2). `clients.key_fault` says why another one is refused; a private key above all."""


class NewClient(Message):
    """A machine client to register."""

    id: Username
    name: ShortText
    role: MachineRole
    scope: tuple[ScopePrefix, ...] = ()
    grants: Annotated[list[Terms], Field(max_length=100)]
    organisation: Bound | None = None
    jwk: Jwk


class ClientAnswer(Answer):
    """A machine client."""

    id: str
    name: str
    role: Role
    scope: list[str]
    grants: list[str]
    organisation: BoundAnswer | None
    state: ClientState
    kids: list[str]
    grant_terms: list[GrantAnswer]
    version: int
    next_steps: list[NextStep]


class NewKey(Message):
    """One more key of a client (rotation)."""

    jwk: Jwk


class ClientPatch(Message):
    """JSON Merge Patch of a client."""

    organisation: Bound | None = None
    grants: Annotated[list[Terms], Field(max_length=100)] | None = None
    scope: list[ScopePrefix] | None = None
    reason: ShortText
