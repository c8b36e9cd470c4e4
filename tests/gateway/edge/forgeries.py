"""Tokens that must not open the door, by kind (SECURITY 4.1, RFC 8725): each is made from a good one by one change."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kit.auth import ACCESS, INNER, SERVICE, SigningKey, mint
from tests.gateway.edge.toys import ISSUER, START, Keys

NOW = int(START.timestamp())


def b64(data: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def good_header(keys: Keys) -> dict[str, Any]:
    """What identity writes."""
    return {"alg": "EdDSA", "typ": ACCESS, "kid": keys.outer.kid}


def good_claims() -> dict[str, Any]:
    """What identity writes."""
    times = {"iat": NOW, "exp": NOW + 600}
    return {
        "iss": ISSUER,
        "aud": "guikang",
        **times,
        "sub": "a-1",
        "sid": "s-1",
        "roles": ["county_officer"],
        "scope": ["610822"],
        "jti": "j-1",
    }


def signed(key: SigningKey, header: bytes, claims: bytes) -> str:
    """Sign any bytes as if they were a header and claims."""
    text = f"{b64(header)}.{b64(claims)}"
    return f"{text}.{b64(key.private.sign(text.encode()))}"


def made(
    keys: Keys,
    header: dict[str, Any] | None = None,
    claims: dict[str, Any] | None = None,
    *,
    without: str = "",
    key: SigningKey | None = None,
) -> str:
    """A token with changed parts, properly signed by our own key unless another is given."""
    head = {**good_header(keys), **(header or {})}
    body = {**good_claims(), **(claims or {})}
    for part in (head, body):
        part.pop(without, None)
    return signed(key or keys.outer, json.dumps(head).encode(), json.dumps(body).encode())


def altered(keys: Keys, old: str, new: str) -> str:
    """Properly signed claims, their JSON text changed by hand: what no encoder would write."""
    text = json.dumps(good_claims())
    assert old in text
    return signed(keys.outer, json.dumps(good_header(keys)).encode(), text.replace(old, new, 1).encode())


def forgeries(keys: Keys) -> Iterator[tuple[str, str]]:
    """(kind, token) of every forgery."""
    for family in (_algorithms, _keys, _headers, _times, _names, _claims, _encodings, _shapes, _doors):
        yield from family(keys)


def _algorithms(keys: Keys) -> Iterator[tuple[str, str]]:
    claims = json.dumps(good_claims()).encode()
    for word in (
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS256",
        "RS256",
        "ES256",
        "Ed25519",
        "Ed448",
        "eddsa",
        "EDDSA",
        "EdDSA ",
        "PS256",
        "dir",
    ):
        header = json.dumps({**good_header(keys), "alg": word}).encode()
        yield f"alg {word!r}, our signature", signed(keys.outer, header, claims)
        yield f"alg {word!r}, no signature", f"{b64(header)}.{b64(claims)}."
    public = keys.outer.private.public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    secrets = {"raw": raw, "PEM": pem, "JWK": json.dumps(keys.outer.public_jwk()).encode(), "kid": keys.outer.kid.encode(), "empty": b""}
    for name, secret in secrets.items():
        for alg, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
            text = f"{b64(json.dumps({**good_header(keys), 'alg': alg}).encode())}.{b64(claims)}"
            yield f"{alg} keyed with our public key as {name}", f"{text}.{b64(hmac.new(secret, text.encode(), digest).digest())}"
    for value in (None, 1, True, ["EdDSA"], {"alg": "EdDSA"}):
        yield f"alg is {value!r}", made(keys, {"alg": value})
    yield "alg missing", made(keys, without="alg")


def _keys(keys: Keys) -> Iterator[tuple[str, str]]:
    stranger = SigningKey.generate()
    yield "signed by a stranger under our kid", made(keys, key=stranger)
    yield "signed by a stranger under their kid", made(keys, {"kid": stranger.kid}, key=stranger)
    yield "signed by the inner key under our kid", made(keys, key=keys.inner)
    yield "signed by the inner key under its kid", made(keys, {"kid": keys.inner.kid}, key=keys.inner)
    for kid in (None, 1, ["x"], "", "../../dev/null", "' OR 1=1 --", "x" * 500):
        yield f"kid {str(kid)[:20]!r}", made(keys, {"kid": kid})
    # Our kid is another one in each run; a test's name must not be.
    yield "our kid and a NUL", made(keys, {"kid": keys.outer.kid + "\x00"})
    yield "our kid in small letters", made(keys, {"kid": keys.outer.kid.lower()})
    yield "kid missing", made(keys, without="kid")
    for alg, private in (("ES256", ec.generate_private_key(ec.SECP256R1())), ("RS256", rsa.generate_private_key(65537, 2048))):
        yield f"a good {alg} signature of a stranger", jwt.encode(good_claims(), private, alg, {"typ": ACCESS, "kid": keys.outer.kid})


def _headers(keys: Keys) -> Iterator[tuple[str, str]]:
    stranger = SigningKey.generate()
    carried: dict[str, Any] = {
        "jwk": stranger.public_jwk(),
        "jku": "https://evil.example/jwks.json",
        "x5u": "https://evil.example/cert.pem",
        "x5c": ["MIIB"],
        "x5t": "abc",
        "x5t#S256": "abc",
        "crit": ["exp"],
        "b64": False,
        "zip": "DEF",
        "enc": "A256GCM",
        "cty": "JWT",
        "p2c": 10_000_000,
        "epk": {},
        "nonce": "n",
    }
    for name, value in carried.items():
        yield f"{name} in the header, our signature", made(keys, {name: value})
        yield f"{name} in the header, a stranger's signature", made(keys, {name: value}, key=stranger)
    for typ in (
        "JWT",
        "at+JWT",
        "AT+JWT",
        "application/at+jwt",
        INNER,
        SERVICE,
        "",
        None,
        1,
        ["at+jwt"],
        "at+jwt ",
        "dpop+jwt",
        "logout+jwt",
    ):
        yield f"typ {typ!r}", made(keys, {"typ": typ})
    yield "typ missing", made(keys, without="typ")


def _times(keys: Keys) -> Iterator[tuple[str, str]]:
    for name in ("exp", "iat"):
        yield f"{name} missing", made(keys, without=name)
        for value in (str(NOW + 300), float(NOW + 300), True, None, [NOW + 300], {"at": NOW}, "", -1, 0, 2**63, 10**40):
            yield f"{name} is {value!r}", made(keys, claims={name: value})
    for written in ("NaN", "Infinity", "-Infinity", "1e400", "1e9", f"{NOW + 300}.0", "0x6B000000", f"+{NOW}", f"0{NOW}", "1" + "0" * 5000):
        yield f"exp written {written[:12]}", altered(keys, f'"exp": {NOW + 600}', f'"exp": {written}')
    for value in ("0", 1.5, True, None, [], NOW + 60):
        yield f"nbf is {value!r}", made(keys, claims={"nbf": value})
    windows = {
        "expired a second ago": (NOW - 300, NOW - 1),
        "expires now": (NOW - 300, NOW),
        "issued in a minute": (NOW + 60, NOW + 300),
        "lives longer than 15 minutes": (NOW, NOW + 901),
        "lives a year": (NOW, NOW + 31_536_000),
        "ends before it begins": (NOW + 3, NOW + 2),
        "issued long ago, lives long": (NOW - 86_400, NOW + 60),
    }
    for kind, (issued, expires) in windows.items():
        yield kind, made(keys, claims={"iat": issued, "exp": expires})


def _names(keys: Keys) -> Iterator[tuple[str, str]]:
    doubled = {"roles": '["leader"]', "sub": '"a-2"', "exp": str(NOW + 601), "iss": '"x"', "sid": '"s-2"', "jti": '"j-2"'}
    for name, value in doubled.items():
        yield f"{name} stands twice", altered(keys, "{", f'{{"{name}": {value}, ')
    head = json.dumps(good_header(keys))
    yield "alg stands twice", signed(keys.outer, head.replace("{", '{"alg": "none", ', 1).encode(), json.dumps(good_claims()).encode())
    yield "kid stands twice", signed(keys.outer, head.replace("{", '{"kid": "x", ', 1).encode(), json.dumps(good_claims()).encode())
    yield "a doubled name inside a claim", altered(keys, '"jti": "j-1"', '"jti": {"a": 1, "a": 2}')


def _claims(keys: Keys) -> Iterator[tuple[str, str]]:
    for name, values in {
        "iss": (None, "", "guikang", ISSUER + "/", ISSUER.upper(), [ISSUER], {"iss": ISSUER}, 1),
        "aud": (None, "", "registry", "GUIKANG", ["guikang"], ["guikang", "registry"], "guikang ", 1),
        "sub": (None, "", 1, ["a-1"], {"id": "a-1"}),
        "sid": (None, "", 1, ["s-1"]),
        "roles": (None, "county_officer", {"county_officer": True}, [1], [None], ["county_officer", 1], [""], [["county_officer"]]),
        "scope": (None, "610822", [610822], {"610822": 1}, [""]),
        "grants": ("all", [1], [None]),
        "person": (1, ["p"]),
        "staff": (1, {}),
    }.items():
        for value in values:
            yield f"{name} is {value!r}", made(keys, claims={name: value})
    for name in ("iss", "aud", "sub", "sid", "roles", "scope"):
        yield f"{name} missing", made(keys, without=name)


def _encodings(keys: Keys) -> Iterator[tuple[str, str]]:
    token = made(keys)
    head, body, signature = token.split(".")
    header, claims = json.dumps(good_header(keys)), json.dumps(good_claims())
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7"):
        changed = claims.replace("a-1", "é") if encoding == "utf-7" else claims
        data = changed.encode(encoding) + (b"\xff" if encoding == "utf-7" else b"")
        yield f"claims in {encoding}", signed(keys.outer, header.encode(), data)
        yield (
            f"header in {encoding}",
            signed(keys.outer, header.encode(encoding) + (b"\xff" if encoding == "utf-7" else b""), claims.encode()),
        )
    yield "bytes that are no UTF-8", signed(keys.outer, header.encode(), claims.replace("a-1", "@").encode().replace(b"@", b"\xc0\xaf"))
    for name, text in {
        "header": f"{head}==.{body}.{signature}",
        "claims": f"{head}.{body}==.{signature}",
        "signature": f"{token}==",
    }.items():
        yield f"padding after the {name}", text
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    yield "another spelling of the same signature", token[:-1] + last[last.index(token[-1]) ^ 1]
    yield "standard base64", f"{head}.{body}.{signature[:-4]}+/+/"
    for name, piece in {
        "space": " ",
        "line break": "\n",
        "tab": "\t",
        "percent": "%2E",
        "dot": ".",
        "full-width dot": "．",
        "NUL": "\x00",
        "comma": ",",
    }.items():
        for place, text in {
            "before": piece + token,
            "inside": f"{head}.{body[:9]}{piece}{body[9:]}.{signature}",
            "after": token + piece,
        }.items():
            yield f"a {name} {place} the token", text


def _shapes(keys: Keys) -> Iterator[tuple[str, str]]:
    token = made(keys)
    head, body, signature = token.split(".")
    yield from (
        ("empty", ""),
        ("one dot", "."),
        ("two dots", ".."),
        ("no signature", f"{head}.{body}"),
        ("empty signature", f"{head}.{body}."),
        ("empty claims", f"{head}..{signature}"),
        ("four parts", f"{token}.{signature}"),
        ("five parts, a JWE", f"{head}.{body}.{body}.{body}.{signature}"),
        ("a cut signature", token[:-8]),
        ("a longer signature", token + "AAAA"),
        ("a signature of zeroes", f"{head}.{body}.{b64(bytes(64))}"),
        ("the signature of other claims", f"{head}.{b64(json.dumps({**good_claims(), 'roles': ['administrator']}).encode())}.{signature}"),
        ("longer than 8 KiB", made(keys, claims={"jti": "x" * 9000})),
        ("longer than 16 KiB", "a" * 16_384 + "." + body + "." + signature),
        ("trailing data", signed(keys.outer, json.dumps(good_header(keys)).encode(), json.dumps(good_claims()).encode() + b" {}")),
        ("a list of claims", signed(keys.outer, json.dumps(good_header(keys)).encode(), json.dumps([good_claims()]).encode())),
        ("a string for claims", signed(keys.outer, json.dumps(good_header(keys)).encode(), json.dumps(json.dumps(good_claims())).encode())),
        ("null for claims", signed(keys.outer, json.dumps(good_header(keys)).encode(), b"null")),
        ("no JSON at all", signed(keys.outer, json.dumps(good_header(keys)).encode(), b"roles=county_officer")),
        ("a list for a header", signed(keys.outer, json.dumps([good_header(keys)]).encode(), json.dumps(good_claims()).encode())),
        ("deep nesting", signed(keys.outer, json.dumps(good_header(keys)).encode(), b'{"a":' + b"[" * 2900 + b"]" * 2900 + b"}")),
        ("JSON serialisation", json.dumps({"protected": head, "payload": body, "signature": signature})),
    )


def _doors(keys: Keys) -> Iterator[tuple[str, str]]:
    claims = {name: value for name, value in good_claims().items() if name not in ("iss", "aud", "iat", "exp")}
    minted: dict[str, Callable[[], str]] = {
        "an inner token": lambda: mint(
            keys.inner, typ=INNER, issuer="guikang-gateway", audience="registry", claims=claims, now=START, life=60
        ),
        "an inner token for this door": lambda: mint(
            keys.inner, typ=INNER, issuer=ISSUER, audience="guikang", claims=claims, now=START, life=60
        ),
        "an outer token signed as inner": lambda: mint(
            keys.inner, typ=ACCESS, issuer=ISSUER, audience="guikang", claims=claims, now=START, life=60
        ),
        "a service token": lambda: mint(keys.outer, typ=SERVICE, issuer="registry", audience="alerts", claims=claims, now=START, life=60),
        "an outer token for a service": lambda: mint(
            keys.outer, typ=ACCESS, issuer=ISSUER, audience="registry", claims=claims, now=START, life=60
        ),
    }
    for kind, make in minted.items():
        yield kind, make()
