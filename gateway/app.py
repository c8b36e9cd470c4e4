"""Composes the gateway: the local app (identity, documents) and the edge before it."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.types import ASGIApp

from gateway import tables
from gateway.approvals.accounts_api import router as accounts
from gateway.approvals.api import router as approvals
from gateway.approvals.clients_api import router as clients
from gateway.codes import CODES
from gateway.documents.api import router as documents
from gateway.documents.service import Library
from gateway.edge.crossing import CrossOrigin
from gateway.edge.edge import Edge
from gateway.edge.limits import Limiter
from gateway.edge.origin import TrustedProxies
from gateway.edge.routes import RouteTable, shipped_table
from gateway.edge.upstream import Upstream
from gateway.identity.api import router as identity
from gateway.identity.internal import router as names_of_accounts
from gateway.identity.keys import OuterKeys
from gateway.identity.people import tell_names
from gateway.identity.revocations import Revocations
from gateway.identity.service import AUDIENCE, ISSUER
from gateway.inbox import READERS
from gateway.schema import SCHEMA
from gateway.settings import GatewaySettings
from kit.app import Parts, assemble, language_of_app
from kit.audit_api import audit_router
from kit.auth import ACCESS, TokenVerifier
from kit.logs import AccessLog
from kit.work import House

__all__ = ["create_app", "create_gateway", "tables"]

ACCESS_MAX_LIFE = 900


def create_app(parts: Parts, table: RouteTable | None = None) -> tuple[FastAPI, Revocations]:
    """The gateway's own app: what it serves itself, and the deny list that it keeps."""
    revocations = Revocations()
    trail = audit_router("/auth/v1", veiled=False)
    app = assemble(
        parts,
        SCHEMA,
        title="网关 gateway",
        routers=[identity, accounts, clients, approvals, documents, names_of_accounts],
        readers={"registry": READERS},
        vital=[revocations.run],
        codes=CODES,
        audit_at=trail,
        names={"/internal/names": tell_names},
    )
    known = (table or shipped_table()).routes
    roles = {(route.method, route.path): {"roles": route.roles, "purpose": route.purpose} for route in known}
    if not any(isinstance(held, GatewaySettings) for held in app.state.house.held):
        app.state.house.held.append(GatewaySettings())
    app.state.house.held.extend((Library(parts.neighbours, language_of_app(app, CODES), roles), revocations))
    return app, revocations


def create_gateway(
    parts: Parts, upstreams: Mapping[str, Upstream], table: RouteTable | None = None, limiter: Limiter | None = None
) -> tuple[ASGIApp, FastAPI]:
    """The edge to serve, and the local app whose life the composer keeps."""
    table = table or shipped_table()
    local, revocations = create_app(parts, table)
    house: House = local.state.house
    settings = house.part(GatewaySettings)
    keys = house.part(OuterKeys)
    verifier = TokenVerifier(
        {ISSUER: {keys.access.kid: keys.access.private.public_key()}}, typ=ACCESS, audience=AUDIENCE, max_life=ACCESS_MAX_LIFE
    )
    edge = Edge(
        local,
        upstreams,
        table,
        verifier,
        keys.inner,
        revocations,
        parts.clock,
        limiter or Limiter(),
        registry=local.state.metrics.registry,
        access=house.part(AccessLog),
        https=settings.behind_tls,
        proxies=TrustedProxies(settings.listed(settings.trusted_proxies)),
        crossing=CrossOrigin(settings.listed(settings.cors_origins)),
    )
    return edge, local
