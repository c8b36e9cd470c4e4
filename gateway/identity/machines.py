"""Use case of a machine signing in: client credentials with `private_key_jwt` (RFC 7523), checked as strictly as our own tokens."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.identity import repository, rules
from gateway.identity.errors import ClientRefused
from gateway.identity.service import ISSUER, access_token, bound_to
from kit.auth import InvalidToken, Principal, TokenVerifier, public_key, read_unverified
from kit.work import Work

GRANT = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


async def token_for_machine(work: Work, grant_type: str, assertion_type: str, assertion: str) -> str:
    """An access token for a client. Raises ClientRefused, always the same."""
    if grant_type != GRANT or assertion_type != ASSERTION_TYPE:
        raise ClientRefused
    try:
        header, claims = read_unverified(assertion)
        client_id, jti = claims.get("sub"), claims.get("jti")
        if not isinstance(client_id, str) or not isinstance(jti, str) or not 8 <= len(jti) <= 200 or claims.get("iss") != client_id:
            raise InvalidToken
        if header.get("typ") not in rules.ASSERTION_TYPES:
            raise InvalidToken
        client = await repository.client(work.session, client_id)
        keys = {key.kid: public_key(key.jwk) for key in await repository.keys_of(work.session, client_id, work.now)}
        if client is None or client.state != "active" or not keys or (client.valid_to and client.valid_to <= work.now):
            raise InvalidToken
        verifier = TokenVerifier({client_id: keys}, typ=header["typ"], audience=ISSUER, max_life=rules.ASSERTION_LIFE)
        verified = verifier.verify(assertion, work.now)
    except InvalidToken as error:
        raise ClientRefused from error
    expires = datetime.fromtimestamp(verified["exp"], UTC)
    if not await repository.remember_assertion(work.session, client_id, jti, expires, work.now):
        raise ClientRefused
    held = [
        grant.word
        for grant in await repository.grants_of(work.session, client.id)
        if rules.serves_on(work.today, grant.valid_from, grant.valid_to)
    ]
    await repository.count_use(work.session, client.id, held, work.now)
    await work.note("client.token", "client", client.id)
    return access_token(
        work,
        Principal(
            client.id,
            repository.machine_session(client.id, client.version),
            frozenset({client.role}),
            tuple(client.scope),
            tuple(held),
            organisation=bound_to(client),
        ),
    )
