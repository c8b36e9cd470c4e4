"""Rows of identity."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gateway.identity.rules import ACCOUNT_STATES, CLIENT_STATES, MACHINE_ROLES
from gateway.schema import SCHEMA
from kit.auth import ORGANISATIONS
from kit.db import check_words, new_id
from kit.steps.taking import History

_STAMP = sa.DateTime(timezone=True)


def bound_whole() -> tuple[sa.CheckConstraint, ...]:
    """An organisation has a kind and an id, or neither."""
    return (
        check_words("organisation_kind", ORGANISATIONS, "organisation_kind"),
        sa.CheckConstraint("(organisation_kind is null) = (organisation_id is null)", name="organisation_whole"),
    )


class Account(SCHEMA.base, table=True):
    """A person who signs in. Names and posts live in the registry; here is only what signing in needs."""

    __tablename__ = "account"
    __table_args__ = (check_words("state", ACCOUNT_STATES, "state"), *bound_whole())

    id: UUID = Field(default_factory=new_id, primary_key=True)
    username: str = Field(sa_type=sa.Text, unique=True)
    password_hash: str = Field(sa_type=sa.Text)
    roles: list[str] = Field(sa_type=JSONB)
    scope: list[str] = Field(sa_type=JSONB)
    staff_code: str | None = Field(default=None, sa_type=sa.Text)
    person_id: UUID | None = None
    organisation_kind: str | None = Field(default=None, sa_type=sa.Text)
    organisation_id: str | None = Field(default=None, sa_type=sa.Text)
    """The laboratory, authority or institution that this account acts for."""
    totp_sealed: bytes | None = None
    totp_pending: bytes | None = None
    """A secret that its owner has been shown and has not used yet: it counts from the first right code on."""
    totp_step: int = 0
    """Last time step whose code was used: each code works once (RFC 6238 5.2)."""
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=_STAMP)
    """These two are read by the release before this one alone; failures are counted in `sign_in_trial`."""
    holder: str | None = Field(default=None, sa_column=sa.Column(sa.Text, nullable=True, info={"personal": True}))
    """Who holds it, when the holder is not of the registry's staff."""
    staff_from: date | None = None
    staff_until: date | None = None
    """First day on which the holder is not in service; the account is closed from that day on."""
    staff_division: str | None = Field(default=None, sa_type=sa.Text)
    state: str = Field(default="active", sa_type=sa.Text)
    version: int = 1
    created_at: datetime = Field(sa_type=_STAMP)
    updated_at: datetime = Field(sa_type=_STAMP, sa_column_kwargs={"server_default": sa.func.now()})


class AccountChange(History, SCHEMA.base, table=True):
    """One step of an account. Accounts of the first release began without one."""

    __tablename__ = "account_change"


class SignInTrial(SCHEMA.base, table=True):
    """Failed sign-ins under one name from one origin; the name is a keyed hash, because what is typed there may be a password."""

    __tablename__ = "sign_in_trial"

    tried_mark: bytes = Field(primary_key=True)
    origin: str = Field(sa_type=sa.Text, primary_key=True)
    failures: int
    last_at: datetime = Field(sa_type=_STAMP, index=True)
    waits_until: datetime | None = Field(default=None, sa_type=_STAMP)


class Session(SCHEMA.base, table=True):
    """A sign-in and the family of refresh tokens that grew from it."""

    __tablename__ = "session"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="gateway.account.id", index=True)
    began_at: datetime = Field(sa_type=_STAMP)
    origin: str = Field(default="", sa_type=sa.Text)
    """The address that it began from: known to the account for a while."""
    used_at: datetime = Field(sa_type=_STAMP)
    expires_at: datetime = Field(sa_type=_STAMP)
    ended_at: datetime | None = Field(default=None, sa_type=_STAMP, index=True)
    end_reason: str | None = Field(default=None, sa_type=sa.Text)


class RefreshToken(SCHEMA.base, table=True):
    """One refresh token, known only by its hash; used once."""

    __tablename__ = "refresh_token"

    token_hash: bytes = Field(primary_key=True)
    session_id: UUID = Field(foreign_key="gateway.session.id", index=True)
    parent: bytes | None = None
    """Hash of the token that it was given for; None for the first of a family."""
    issued_at: datetime = Field(sa_type=_STAMP)
    used_at: datetime | None = Field(default=None, sa_type=_STAMP)


class Client(SCHEMA.base, table=True):
    """A machine: another agency, or a partner province."""

    __tablename__ = "client"
    __table_args__ = (
        check_words("state", CLIENT_STATES, "state"),
        check_words("role", MACHINE_ROLES, "role"),
        *bound_whole(),
    )

    id: str = Field(sa_type=sa.Text, primary_key=True)
    name: str = Field(sa_type=sa.Text)
    role: str = Field(sa_type=sa.Text)
    scope: list[str] = Field(sa_type=JSONB)
    grants: list[str] = Field(sa_type=JSONB)
    """The words of its grants; from when to when each holds stands in `client_grant`."""
    organisation_kind: str | None = Field(default=None, sa_type=sa.Text)
    organisation_id: str | None = Field(default=None, sa_type=sa.Text)
    """The authority or institution whose system this is."""
    valid_to: datetime | None = Field(default=None, sa_type=_STAMP)
    state: str = Field(default="active", sa_type=sa.Text)
    version: int = 1
    created_at: datetime = Field(sa_type=_STAMP)
    changed_at: datetime | None = Field(default=None, sa_type=_STAMP)
    """When it was last narrowed, widened or revoked: tokens of earlier versions ended then."""
    updated_at: datetime = Field(sa_type=_STAMP, sa_column_kwargs={"server_default": sa.func.now()})


class ClientChange(History, SCHEMA.base, table=True):
    """One step of a client. Clients of the first release began without one."""

    __tablename__ = "client_change"

    object_id: str = Field(sa_type=sa.Text, index=True)  # pyright: ignore[reportIncompatibleVariableOverride] - a client's id is a word


class ClientGrant(SCHEMA.base, table=True):
    """What a client may do, from a day to a day, and how often it asked for a token to do it."""

    __tablename__ = "client_grant"

    client_id: str = Field(sa_type=sa.Text, foreign_key="gateway.client.id", primary_key=True)
    word: str = Field(sa_type=sa.Text, primary_key=True)
    valid_from: date
    valid_to: date | None = None
    """First day on which it does not hold."""
    tokens: int = 0
    last_used_at: datetime | None = Field(default=None, sa_type=_STAMP)


class ClientKey(SCHEMA.base, table=True):
    """A public key of a client; several at once, so that it can rotate."""

    __tablename__ = "client_key"

    client_id: str = Field(sa_type=sa.Text, foreign_key="gateway.client.id", primary_key=True)
    kid: str = Field(sa_type=sa.Text, primary_key=True)
    jwk: dict[str, Any] = Field(sa_type=JSONB)
    not_before: datetime = Field(sa_type=_STAMP)
    not_after: datetime | None = Field(default=None, sa_type=_STAMP)


class AssertionSeen(SCHEMA.base, table=True):
    """A client assertion that was used: `jti` once until its `exp` (RFC 7523 3)."""

    __tablename__ = "assertion_seen"

    client_id: str = Field(sa_type=sa.Text, primary_key=True)
    jti: str = Field(sa_type=sa.Text, primary_key=True)
    expires_at: datetime = Field(sa_type=_STAMP, index=True)
