"""How a draw (双随机) selects: pure, deterministic, re-runnable by anybody who holds the proof. Beside the standard library only the order of the strata.

Source: 国办发〔2015〕58号 (random object, random officer, process repeatable), RBE art. 54, APL art. 42, 43, 55 (two officers with
certificate, recusal); method after RFC 3797 with MD5 replaced by SHA-256. Algorithm `guikang-draw-1`, step by step (the whole text for
outsiders is `docs/draw/README.md`; `docs/draw/verify_draw.py` is an independent implementation of it):

1. Canonical JSON: keys sorted, no blanks, UTF-8, integers only (RFC 8785 for these values). A digest is SHA-256 over it, lower-case hex.
2. directory digest = SHA-256 of the canonical JSON {"inspectors": hex, "objects": hex, "parameters": hex} of the three frozen documents.
3. Before the public value exists, SHA-256 of a secret of 32 random bytes is published (the commitment).
4. Public text: per source, in the order fixed before, its numbers (ascending unless the source is declared ordered), each in decimal without leading
   zeros and followed by ".", then "/" (RFC 3797 section 4).
5. seed = SHA-256(secret ‖ public text in UTF-8 ‖ directory digest as 32 bytes).
6. H(label, n) = SHA-256(n as 4 bytes big-endian ‖ label in UTF-8 ‖ seed ‖ n as 4 bytes big-endian), read as a big-endian integer (RFC 3797 section 4).
7. pick(list, k, label): for n = 0 … k-1 take the element at index H(label, n) mod (number left) out of the list and keep the order of the rest.
8. Objects: for each stratum in the order key, D, C, B, A its objects, sorted by id, give pick(ids, count, "objects:" + stratum).
   count = ⌈members × ratio / 100⌉: at least 1 when there is a member, everybody at 100.
9. Officers: for each selected object in that order, pick(ids, officers_per_object, "officers:" + object id) from the inspectors sorted by id without
   those recused from the object and without those of its last inspection (the same officer does not inspect an object twice in succession).
10. Replacement: an officer who cannot go is replaced by the next one when the same pick continues, so that nobody chooses the successor.
11. An object that cannot be inspected is replaced in the same way by the next one when its stratum's pick continues, with the officers of step 9.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.precursor.inspections.rules import STRATA

ALGORITHM = "guikang-draw-1"

RATIOS: dict[str, int] = {"A": 3, "B": 10, "C": 25, "D": 50, "key": 100}
"""DEFAULT per cent of each stratum (domain 9, domain 13 no. 18)."""

YEARLY_CAP = 2
"""DEFAULT planned visits per firm and calendar year; a joint visit counts once (国办发〔2024〕54号)."""

SECRET_BYTES = 32

LEAST_OUTCOMES = 2**16
"""DEFAULT number of different public values that must be possible (RFC 3797 section 3): with fewer, a person who tries many secrets could
steer the draw.
"""


class TooFewInspectors(Exception):
    """Objects for which fewer officers are eligible than must go (APL art. 42)."""

    def __init__(self, objects: Sequence[str]) -> None:
        super().__init__("too few inspectors")
        self.objects = tuple(objects)


class BadPublicValue(Exception):
    """The public value does not have the shape that was fixed in advance; the message is the reason's code."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object of the frozen directory."""

    id: str
    stratum: str
    last_officers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Directories:
    """Both frozen lists: objects, inspectors, and who is recused from what (object id → inspector ids)."""

    candidates: tuple[Candidate, ...]
    inspectors: tuple[str, ...]
    recused: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """One drawn object with the officers drawn for it."""

    object_id: str
    stratum: str
    officers: tuple[str, ...]


def canonical(document: Mapping[str, Any]) -> str:
    """Canonical JSON of a document of strings, integers, booleans, null, lists and objects with ASCII keys (RFC 8785)."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(text: str) -> str:
    """SHA-256 of a text's UTF-8, lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def directory_digest(objects: str, inspectors: str, parameters: str) -> str:
    """One digest over the three digests of the frozen documents."""
    return digest(canonical({"inspectors": inspectors, "objects": objects, "parameters": parameters}))


def commitment_of(secret: bytes) -> str:
    """What is published of the secret before the public value exists."""
    return hashlib.sha256(secret).hexdigest()


def public_text(sources: Sequence[Mapping[str, Any]], values: Sequence[Sequence[int]]) -> str:
    """The public numbers as one text. Raises BadPublicValue when they do not have the declared form of the sources.

    A source is {"name", "count", "low", "high", "ordered"}; the checks find a typing mistake before it decides who is inspected.
    """
    if len(sources) != len(values):
        raise BadPublicValue("sources")
    parts: list[str] = []
    for source, numbers in zip(sources, values, strict=True):
        if len(numbers) != source["count"]:
            raise BadPublicValue("count")
        if any(not source["low"] <= number <= source["high"] for number in numbers):
            raise BadPublicValue("range")
        shown = numbers if source["ordered"] else sorted(numbers)
        parts.append("".join(f"{number}." for number in shown) + "/")
    return "".join(parts)


def outcomes_of(sources: Iterable[Mapping[str, Any]]) -> int:
    """How many different public values the sources can give, counted low: no number twice from one source."""
    total = 1
    for source in sources:
        numbers, count = source["high"] - source["low"] + 1, source["count"]
        if count > numbers:  # numbers must then repeat: count only one
            total *= numbers
        else:
            total *= math.perm(numbers, count) if source["ordered"] else math.comb(numbers, count)
    return total


def seed_of(secret: bytes, public: str, directory: str) -> bytes:
    """The seed. It is unknown before the public value, and cannot change after the commitment."""
    return hashlib.sha256(secret + public.encode() + bytes.fromhex(directory)).digest()


def pick(ids: Sequence[str], count: int, label: str, seed: bytes) -> list[str]:
    """`count` of the ids, without putting back."""
    left, taken = list(ids), []
    for number in range(count):
        counter = number.to_bytes(4, "big")
        value = int.from_bytes(hashlib.sha256(counter + label.encode() + seed + counter).digest(), "big")
        taken.append(left.pop(value % len(left)))
    return taken


def count_of(members: int, ratio: int) -> int:
    """How many of a stratum are drawn: rounded up, so at least one of any that has a member. A ratio of 0 draws nobody."""
    return -(-members * ratio // 100)


def eligible(candidate: Candidate, directories: Directories) -> list[str]:
    """The officers who may go to an object, sorted by id."""
    barred = directories.recused.get(candidate.id, frozenset()) | candidate.last_officers
    return sorted(inspector for inspector in directories.inspectors if inspector not in barred)


def check_officers(directories: Directories, officers_per_object: int) -> None:
    """Check that every object, drawn or not, has enough officers, so that a published draw never fails because officers are missing.

    Raises TooFewInspectors.
    """
    short = [candidate.id for candidate in directories.candidates if len(eligible(candidate, directories)) < officers_per_object]
    if short:
        raise TooFewInspectors(sorted(short))


def select(directories: Directories, ratios: Mapping[str, int], officers_per_object: int, seed: bytes) -> list[Selection]:
    """The result of a draw, in the order in which it was drawn. Raises TooFewInspectors."""
    check_officers(directories, officers_per_object)
    by_id = {candidate.id: candidate for candidate in directories.candidates}
    result: list[Selection] = []
    for stratum in STRATA:
        members = sorted(candidate.id for candidate in directories.candidates if candidate.stratum == stratum)
        for object_id in pick(members, count_of(len(members), ratios.get(stratum, 0)), f"objects:{stratum}", seed):
            officers = pick(eligible(by_id[object_id], directories), officers_per_object, f"officers:{object_id}", seed)
            result.append(Selection(object_id, stratum, tuple(officers)))
    return result


def successor(order: Sequence[str], gone: Iterable[str], unfit: Iterable[str]) -> tuple[str | None, list[str]]:
    """The next one in the order that the seed gives, and those passed over as unfit. None when nobody is left (APL art. 43)."""
    used, barred, passed_over = set(gone), set(unfit), []
    for officer in order:
        if officer in used:
            continue
        if officer not in barred:
            return officer, passed_over
        passed_over.append(officer)
    return None, passed_over


def directories_of(objects: Mapping[str, Any], inspectors: Mapping[str, Any]) -> Directories:
    """The frozen documents as what `select` reads."""
    recused: dict[str, set[str]] = {}
    for object_id, inspector_id in inspectors["recusals"]:
        recused.setdefault(object_id, set()).add(inspector_id)
    return Directories(
        tuple(Candidate(item["id"], item["stratum"], frozenset(item["last_officers"])) for item in objects["objects"]),
        tuple(item["id"] for item in inspectors["inspectors"]),
        {key: frozenset(value) for key, value in recused.items()},
    )


def stratum_of(risk_class: str, *, holds_class_1: bool, key_visit_this_year: bool) -> str:
    """Class-1 holders are key supervision once a year; after that visit their credit class counts (domain 9)."""
    return "key" if holds_class_1 and not key_visit_this_year else risk_class
