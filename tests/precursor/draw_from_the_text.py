"""The draw a third time, written from docs/draw/README.md alone and in another manner than both others: it shares no code with the service nor with the
outsider's script, keeps permutations as index arithmetic, and spells canonical JSON out by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def written(value: Any) -> str:
    """Step 1: canonical JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return '"' + "".join(_SHORT.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value) + '"'
        case dict():
            return "{" + ",".join(f"{written(key)}:{written(value[key])}" for key in sorted(value)) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
    raise TypeError(value)


def digests(proof: Mapping[str, Any]) -> dict[str, str]:
    """Step 2."""
    parts = {name: sha256(written(proof[name]).encode()).hexdigest() for name in ("inspectors", "objects", "parameters")}
    return {**parts, "directory": sha256(written(parts).encode()).hexdigest()}


def public_text(sources: Sequence[Mapping[str, Any]], values: Sequence[Sequence[int]]) -> str:
    """Step 4."""
    text = ""
    for place, source in enumerate(sources):
        numbers = list(values[place])
        assert len(numbers) == source["count"]
        assert min(numbers) >= source["low"]
        assert max(numbers) <= source["high"]
        if not source["ordered"]:
            numbers.sort()
        for number in numbers:
            text += f"{number}."
        text += "/"
    return text


def seed(secret: bytes, text: str, directory: str) -> bytes:
    """Step 5."""
    hashed = sha256(secret)
    hashed.update(text.encode())
    hashed.update(bytes.fromhex(directory))
    return hashed.digest()


def order(members: Sequence[str], label: str, key: bytes) -> Iterator[str]:
    """Steps 6 and 7, endless until nobody is left: positions among those left are turned into positions in the whole list."""
    taken: list[int] = []
    for n in range(len(members)):
        counter = bytes((n >> 24 & 255, n >> 16 & 255, n >> 8 & 255, n & 255))
        place = int(sha256(counter + label.encode() + key + counter).hexdigest(), 16) % (len(members) - n)
        for gone in sorted(taken):
            place += place >= gone
        taken.append(place)
        yield members[place]


def free(proof: Mapping[str, Any], firm: Mapping[str, Any]) -> list[str]:
    """Step 9: who may go."""
    everybody = {one["id"] for one in proof["inspectors"]["inspectors"]}
    recused = {officer for object_id, officer in proof["inspectors"]["recusals"] if object_id == firm["id"]}
    return sorted(everybody - recused - set(firm["last_officers"]))


def too_few(proof: Mapping[str, Any]) -> set[str]:
    """Step 9: firms that could not be visited."""
    return {firm["id"] for firm in proof["objects"]["objects"] if len(free(proof, firm)) < proof["parameters"]["officers_per_object"]}


def result(proof: Mapping[str, Any], key: bytes) -> list[dict[str, Any]]:
    """Steps 8 and 9."""
    lines: list[dict[str, Any]] = []
    for stratum in ["key", "D", "C", "B", "A"]:
        firms = {firm["id"]: firm for firm in proof["objects"]["objects"] if firm["stratum"] == stratum}
        hundredths = len(firms) * proof["parameters"]["ratios"].get(stratum, 0)
        count = hundredths // 100 + bool(hundredths % 100)
        drawn = order(sorted(firms), f"objects:{stratum}", key)
        for firm_id in (next(drawn) for _ in range(count)):
            officers = order(free(proof, firms[firm_id]), f"officers:{firm_id}", key)
            pair = [next(officers) for _ in range(proof["parameters"]["officers_per_object"])]
            lines.append({"object": firm_id, "stratum": stratum, "officers": pair})
    return lines


def successor(proof: Mapping[str, Any], key: bytes, firm_id: str, sent: Sequence[str], unfit: set[str]) -> tuple[str | None, list[str]]:
    """Step 10: who comes, and who was passed over."""
    (firm,) = [one for one in proof["objects"]["objects"] if one["id"] == firm_id]
    waiting = [officer for officer in order(free(proof, firm), f"officers:{firm_id}", key) if officer not in sent]
    able = [place for place, officer in enumerate(waiting) if officer not in unfit]
    return (waiting[able[0]], waiting[: able[0]]) if able else (None, waiting)
