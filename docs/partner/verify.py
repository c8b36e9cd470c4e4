#!/usr/bin/env python3
"""Pulls a co-management list and proves it, without any code of the house: only httpx and cryptography are needed.

    python verify.py --base-url https://… --agreement <id> --token <access token> --state list.json
    python verify.py --base-url https://… --agreement <id> --client <client id> --private-key key.pem --state list.json
    python verify.py --pages pages.ndjson --key key.json          # pages that were saved before, without a network

The first run pulls the snapshot, each later run the changes since then, and a snapshot again when the county answers 410; the state file holds list, cursor and the last digest. Of every page it checks

    digest      SHA-256 over the lines as they were received, each ended by a line feed
    canonical   each line is RFC 8785: names sorted, no blanks
    signature   detached JWS (RFC 7515 appendix F), EdDSA over Ed25519 (RFC 8037), by the agreement's published key
    chain       `previous` is the digest of the page before, `after` the cursor that was asked for
    count       as many lines as the page says

and ends with exit code 1 and one sentence when anything does not hold.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PROOF = ("agreement_id", "after", "next", "count", "digest", "previous")


class PositionUnknown(Exception):
    """The county says 410: its database was put back to an earlier state, and the list begins again with a snapshot."""


class NotProven(Exception):
    """A page does not prove what it says."""


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes again."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value: Any) -> bytes:
    """RFC 8785 of values that are strings, integers, booleans, null, lists and objects with ASCII names; nothing else occurs in the feed."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def read_page(body: bytes) -> tuple[list[bytes], dict[str, Any]]:
    """The raw lines of an NDJSON page and its closing object."""
    rows = body.split(b"\n")
    if rows[-1] != b"" or len(rows) < 2:
        raise NotProven("the page is cut off")
    closing = json.loads(rows[-2])
    if not isinstance(closing, dict) or "signature" not in closing:
        raise NotProven("the page has no closing line")
    return rows[:-2], closing


def check_page(
    lines: list[bytes],
    closing: dict[str, Any],
    keys: dict[str, Ed25519PublicKey],
    *,
    agreement: str,
    after: str | None,
    previous: str | None,
) -> None:
    """Raises NotProven with one sentence."""
    for line in lines:
        if canonical(json.loads(line)) != line:
            raise NotProven("a line is not in canonical form")
    if closing["count"] != len(lines):
        raise NotProven("the page holds another number of lines than it says")
    if closing["digest"] != hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest():
        raise NotProven("the digest does not match the lines")
    if closing["agreement_id"] != agreement:
        raise NotProven("the page belongs to another agreement")
    if closing["after"] != after or closing["previous"] != previous:
        raise NotProven("the page does not follow the one before: a page is missing, repeated or swapped")
    head, _, signature = closing["signature"].partition("..")
    header = json.loads(unb64(head))
    key = keys.get(header.get("kid", ""))
    if header.get("alg") != "EdDSA" or key is None:
        raise NotProven("the signature is not by the agreement's key")
    proof = canonical({name: closing[name] for name in PROOF})
    try:
        key.verify(unb64(signature), f"{head}.{b64(proof)}".encode())
    except InvalidSignature as error:
        raise NotProven("the signature does not match") from error


def apply(people: dict[str, Any], lines: list[bytes]) -> list[str]:
    """Bring the list up to date; the references that must be deleted everywhere else too."""
    gone: list[str] = []
    for raw in lines:
        line = json.loads(raw)
        if line["change"] == "removed":
            people.pop(line["person"], None)
            gone.append(line["person"])
        else:
            people[line["person"]] = {"version": line["version"], "fields": line["fields"]}
    return gone


def read_keys(key_set: dict[str, Any]) -> dict[str, Ed25519PublicKey]:
    """kid → key of a JWK set."""
    found = {key["kid"]: key for key in key_set["keys"] if key.get("kty") == "OKP" and key.get("crv") == "Ed25519"}
    return {kid: Ed25519PublicKey.from_public_bytes(unb64(key["x"])) for kid, key in found.items()}


def check_saved(body: bytes, keys: dict[str, Ed25519PublicKey]) -> tuple[int, dict[str, Any]]:
    """Check pages that were saved one after the other; the number of pages and the list at their end."""
    people: dict[str, Any] = {}
    previous: dict[str, Any] | None = None
    lines: list[bytes] = []
    pages = 0
    for raw in body.split(b"\n"):
        if not raw:
            continue
        row = json.loads(raw)
        if "signature" not in row:
            lines.append(raw)
            continue
        first = previous is None
        after = row["after"] if first or previous is None else previous["next"]
        before = row["previous"] if first or previous is None else previous["digest"]
        check_page(
            lines,
            row,
            keys,
            agreement=row["agreement_id"] if first or previous is None else previous["agreement_id"],
            after=after,
            previous=before,
        )
        apply(people, lines)
        previous, lines, pages = row, [], pages + 1
    if lines:
        raise NotProven("the last page is cut off")
    return pages, people


def access_token(client: Any, arguments: argparse.Namespace) -> str:
    """The token given, or one for a client's private key (RFC 7523)."""
    if arguments.token:
        return str(arguments.token)
    key = load_pem_private_key(Path(arguments.private_key).read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise NotProven("the private key is not an Ed25519 key")
    raw = key.public_key().public_bytes_raw()
    kid = b64(hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": b64(raw)})).digest())
    now = int(time.time()) if arguments.now is None else arguments.now
    claims = {
        "iss": arguments.client,
        "sub": arguments.client,
        "aud": arguments.audience,
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_urlsafe(16),
    }
    signed = f"{b64(canonical({'alg': 'EdDSA', 'typ': 'JWT', 'kid': kid}))}.{b64(canonical(claims))}"
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": f"{signed}.{b64(key.sign(signed.encode()))}",
    }
    answer = client.post("/auth/v1/token", data=form)
    if answer.status_code != 200:
        raise NotProven(f"no token: {answer.status_code} {answer.text[:200]}")
    return str(answer.json()["access_token"])


def pull(arguments: argparse.Namespace) -> None:
    """Pull, check, apply, store, and send the receipt."""
    import httpx

    state_file = Path(arguments.state)
    state = json.loads(state_file.read_text("utf-8")) if state_file.exists() else {"people": {}, "cursor": None, "digest": None}
    base = f"/registry/v1/co-management/agreements/{arguments.agreement}"
    with httpx.Client(base_url=arguments.base_url, timeout=30) as client:
        headers = {"Authorization": f"Bearer {access_token(client, arguments)}", "Purpose": "exchange", "Accept": "application/x-ndjson"}

        def get(path: str, **parameters: str) -> bytes:
            answer = client.get(base + path, params=parameters, headers=headers)
            if answer.status_code == 410:
                raise PositionUnknown
            if answer.status_code != 200:
                raise NotProven(f"{path} answered {answer.status_code}: {answer.text[:200]}")
            return answer.content

        keys = read_keys(json.loads(get("/key")))
        gone: list[str] = []
        held: set[str] = set()
        pages = 0
        while True:
            first = state["cursor"] is None
            try:
                body = get("/snapshot") if first else get("/changes", after=state["cursor"])
            except PositionUnknown:
                held |= set(state["people"])
                state = {"people": {}, "cursor": None, "digest": None}
                continue
            lines, closing = read_page(body)
            check_page(lines, closing, keys, agreement=arguments.agreement, after=state["cursor"], previous=state["digest"])
            gone += apply(state["people"], lines)
            state["cursor"], state["digest"] = closing["next"], closing["digest"]
            pages += 1
            if not first and not lines:
                break
        gone += sorted(held - set(state["people"]) - set(gone))  # who is no longer on the list that began again is to be deleted, too
        state_file.write_text(json.dumps(state, ensure_ascii=False, indent=1), "utf-8")
        headers["Idempotency-Key"] = f"receipt-{secrets.token_hex(16)}"
        answer = client.post(base + "/receipts", json={"cursor": state["cursor"], "deleted": gone}, headers=headers)
        if answer.status_code != 201:
            raise NotProven(f"the receipt was refused: {answer.status_code} {answer.text[:200]}")
    print(f"proven: {pages} pages, {len(state['people'])} persons on the list, {len(gone)} deleted")


def main(words: list[str] | None = None) -> int:
    """The command; 0 when everything holds."""
    parser = argparse.ArgumentParser(description="Pull and prove a co-management list")
    parser.add_argument("--base-url")
    parser.add_argument("--agreement")
    parser.add_argument("--token")
    parser.add_argument("--client")
    parser.add_argument("--private-key")
    parser.add_argument("--audience", default="guikang-gateway", help="issuer name of the token endpoint (RFC 8414 `issuer`)")
    parser.add_argument("--now", type=int, help="seconds since 1970 for the assertion, where the demo's clock stands elsewhere")
    parser.add_argument("--state", default="list.json")
    parser.add_argument("--pages")
    parser.add_argument("--key")
    arguments = parser.parse_args(words)
    try:
        if arguments.pages:
            pages, people = check_saved(Path(arguments.pages).read_bytes(), read_keys(json.loads(Path(arguments.key).read_text("utf-8"))))
            print(f"proven: {pages} pages, {len(people)} persons on the list")
        else:
            pull(arguments)
    except (NotProven, ValueError, KeyError) as error:  # a page that is cut or changed may be no JSON at all
        print(f"NOT PROVEN: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
