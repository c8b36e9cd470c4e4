"""Draws as outsiders check them: three implementations that share no code agree on thousands of random configurations, and one changed byte is noticed."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.precursor.draws import rules
from tests.precursor import draw_from_the_text as text
from tests.precursor.test_draw_rules import outsider

VECTORS = Path(__file__).parent.parent.parent / "docs" / "draw" / "vectors.json"
CONFIGURATIONS = 2000
UNBOUND = ("state", "committed_at", "revealed_at", "public_reference", "result_withheld")
"""What no digest can hold: words about the draw, and instants that the announcement itself witnessed."""


def an_id(dice: random.Random) -> str:
    """An id as ours are."""
    return str(UUID(int=dice.getrandbits(128)))


def frozen(dice: random.Random, firms: int = 30, officers: int = 9) -> dict[str, Any]:
    """The frozen documents of a random draw: strata, exclusions, recusals, earlier officers, odd rates, names in any script, any kind of public source."""
    people = [an_id(dice) for _ in range(dice.randint(2, officers))]
    objects = [
        {
            "id": an_id(dice),
            "uscc": "91990822DEM000014A",
            "name": dice.choice(['甲"乙\\丙\n丁 é😀', "府谷县演示化工有限公司", "\x00\x1f\u2028/"]),
            "division_code": "610822100000",
            "risk_class": "B",
            "stratum": dice.choice(rules.STRATA),
            "last_officers": sorted(dice.sample(people, dice.randint(1, 2))) if dice.random() < 0.2 else [],
        }
        for _ in range(dice.randint(1, firms))
    ]
    sources: list[dict[str, Any]] = [
        {"name": f"源{number}", "count": dice.randint(1, 7), "low": dice.randint(0, 1), "high": dice.randint(9, 10**6), "ordered": flag}
        for number, flag in enumerate(dice.choices([True, False], k=dice.randint(1, 3)))
    ]
    draw_id = an_id(dice)
    return {
        "draw_id": draw_id,
        "title": "第三季度双随机",
        "objects": {
            "objects": objects,
            "excluded": [{"id": an_id(dice), "uscc": "x", "reason": "yearly_cap"} for _ in range(dice.randint(0, 3))],
        },
        "inspectors": {
            "authority": "emergency_management",
            "inspectors": [{"id": person, "certificate_no": f"陕K{number:06d}"} for number, person in enumerate(people)],
            "excluded": [{"id": an_id(dice), "reason": "unavailable"} for _ in range(dice.randint(0, 2))],
            "recusals": sorted([dice.choice(objects)["id"], dice.choice(people)] for _ in range(dice.randint(0, 4))),
        },
        "parameters": {
            "algorithm": rules.ALGORITHM,
            "draw_id": draw_id,
            "title": "第三季度双随机",
            "redraw_of": None,
            "ratios": {**{name: dice.choice([1, 3, 10, 25, 33, 50, 99, 100]) for name in "ABCD"}, "key": 100},
            "officers_per_object": dice.randint(2, 3),
            "public_sources": sources,
            "public_values_known_at": "2021-07-04T13:30:00+00:00",
        },
    }


def carried_out(plan: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The proof of a draw as the service's own rules make it, with replacements as they come."""
    documents = [plan["objects"], plan["inspectors"], plan["parameters"]]
    objects, inspectors, parameters = (rules.digest(rules.canonical(document)) for document in documents)
    directory = rules.directory_digest(objects, inspectors, parameters)
    sources = plan["parameters"]["public_sources"]
    values = [[dice.randint(source["low"], source["high"]) for _ in range(source["count"])] for source in sources]
    secret, public = dice.randbytes(32), rules.public_text(sources, values)
    seed = rules.seed_of(secret, public, directory)
    lists, wanted = rules.directories_of(plan["objects"], plan["inspectors"]), plan["parameters"]["officers_per_object"]
    selected = rules.select(lists, plan["parameters"]["ratios"], wanted, seed)
    replacements: list[dict[str, Any]] = []
    candidates = {candidate.id: candidate for candidate in lists.candidates}
    for item in dice.sample(selected, min(3, len(selected))):
        free = rules.eligible(candidates[item.object_id], lists)
        unfit = set(dice.sample(free, dice.randint(0, len(free) // 3)))
        enters, skipped = rules.successor(rules.pick(free, len(free), f"officers:{item.object_id}", seed), item.officers, unfit)
        assert (enters, skipped) == text.successor(plan, seed, item.object_id, item.officers, unfit)
        if enters is not None:
            passed_over = [{"inspector": officer, "ground": "recused"} for officer in skipped]
            change: dict[str, Any] = {
                "object": item.object_id,
                "leaves": item.officers[0],
                "enters": enters,
                "ground": "recused",
                "passed_over": passed_over,
            }
            change["recorded_at"] = "2021-07-06T01:00:00Z"
            replacements.append(change)
    return {
        **plan,
        "format": "guikang-draw-proof-1",
        "algorithm": rules.ALGORITHM,
        "state": "published",
        "digests": {"objects": objects, "inspectors": inspectors, "parameters": parameters, "directory": directory},
        "commitment": rules.commitment_of(secret),
        "committed_at": "2021-07-01T00:00:00Z",
        "secret": secret.hex(),
        "public_values": values,
        "public_text": public,
        "public_reference": "公告",
        "seed": seed.hex(),
        "revealed_at": "2021-07-05T00:00:00Z",
        "result": [{"object": item.object_id, "stratum": item.stratum, "officers": list(item.officers)} for item in selected],
        "replacements": replacements,
        "result_withheld": False,
        "attempts": [{"id": plan["draw_id"], "state": "published", "set_aside_reason": None, "planned_at": "2021-07-01T00:00:00Z"}],
    }


def verdict(content: bytes, folder: Path, *more: str) -> tuple[int, str]:
    """What the outsider's script says of a file, and its exit code."""
    path, said = folder / "proof.json", io.StringIO()
    path.write_bytes(content)
    with contextlib.redirect_stdout(said):
        code: int = outsider().main([str(path), *more])
    return code, said.getvalue()


def as_bytes(proof: dict[str, Any]) -> bytes:
    """A proof as a file."""
    return json.dumps(proof, ensure_ascii=False).encode()


def test_three_implementations_that_share_no_code_agree_on_thousands_of_random_draws(tmp_path: Path) -> None:
    dice, refused, drawn, replaced = random.Random(3797), 0, 0, 0
    for _ in range(CONFIGURATIONS):
        plan = frozen(dice)
        lists = rules.directories_of(plan["objects"], plan["inspectors"])
        short = text.too_few(plan)
        if short:
            refused += 1
            with pytest.raises(rules.TooFewInspectors) as error:
                rules.check_officers(lists, plan["parameters"]["officers_per_object"])
            assert set(error.value.objects) == short
            continue
        proof = carried_out(plan, dice)
        assert text.digests(proof) == proof["digests"]
        assert text.public_text(proof["parameters"]["public_sources"], proof["public_values"]) == proof["public_text"]
        seed = text.seed(bytes.fromhex(proof["secret"]), proof["public_text"], proof["digests"]["directory"])
        assert seed.hex() == proof["seed"]
        assert text.result(proof, seed) == proof["result"]
        code, said = verdict(as_bytes(proof), tmp_path, "--announced", proof["digests"]["directory"], proof["commitment"])
        assert code == 0, said
        drawn += len(proof["result"])
        replaced += len(proof["replacements"])
    assert refused > CONFIGURATIONS // 20
    assert drawn > CONFIGURATIONS
    assert replaced > CONFIGURATIONS // 2


def test_the_examples_for_outsiders_never_change(tmp_path: Path) -> None:
    """Another digest here is another algorithm and needs another name."""
    content = VECTORS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == "a709d2067b0d4ce17bd8134386a6df16d80928470d724058ed61a65525793f3a"
    vectors = json.loads(content)
    for proof in vectors["draws"]:
        key = bytes.fromhex(proof["seed"])
        assert text.digests(proof) == proof["digests"]
        assert text.result(proof, key) == proof["result"]
        lists = rules.directories_of(proof["objects"], proof["inspectors"])
        selected = rules.select(lists, proof["parameters"]["ratios"], proof["parameters"]["officers_per_object"], key)
        assert [[item.object_id, *item.officers] for item in selected] == [[line["object"], *line["officers"]] for line in proof["result"]]
        assert verdict(as_bytes(proof), tmp_path)[0] == 0
    for plan in vectors["refused"]:
        assert sorted(text.too_few(plan)) == plan["too_few"]
        with pytest.raises(rules.TooFewInspectors) as error:
            rules.check_officers(rules.directories_of(plan["objects"], plan["inspectors"]), plan["parameters"]["officers_per_object"])
        assert list(error.value.objects) == plan["too_few"]


def a_small_proof() -> dict[str, Any]:
    """A proof of a few kilobytes with a replacement."""
    dice = random.Random(5)
    while True:
        plan = frozen(dice, firms=4, officers=6)
        if not text.too_few(plan):
            proof = carried_out(plan, dice)
            if proof["replacements"] and proof["replacements"][0]["passed_over"]:
                return proof


def test_one_changed_byte_is_noticed(tmp_path: Path) -> None:
    proof = a_small_proof()
    content = as_bytes(proof)
    assert verdict(content, tmp_path)[0] == 0
    assert len(content) < 5_000
    unbound = {name: proof[name] for name in UNBOUND}
    missed: list[str] = []
    changed = 0
    for place, byte in enumerate(content):
        forged = content[:place] + (b"1" if byte == ord("0") else b"0") + content[place + 1 :]
        with contextlib.suppress(ValueError):
            read = json.loads(forged)
            if {**read, **unbound} == proof or _without_words(read) == _without_words(proof):
                continue
        changed += 1
        if verdict(forged, tmp_path)[0] != 1:
            missed.append(content[max(0, place - 40) : place + 10].decode(errors="replace"))
    assert not missed
    assert changed > len(content) * 0.8


def _without_words(proof: dict[str, Any]) -> dict[str, Any]:
    """A proof without what no digest holds: also grounds and instants of the record around it."""
    bare = copy.deepcopy({name: value for name, value in proof.items() if name not in UNBOUND})
    for change in bare.get("replacements", ()):
        for name in ("ground", "recorded_at"):
            change.pop(name, None)
        change["passed_over"] = [item.get("inspector") for item in change.get("passed_over", ())]
    for attempt in bare.get("attempts", ()):
        for name in ("state", "set_aside_reason", "planned_at"):
            attempt.pop(name, None)
    return bare


def forgeries(proof: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Frauds that leave a file that reads well."""

    def forged(name: str) -> dict[str, Any]:
        made.append(name)
        return copy.deepcopy(proof)

    made: list[str] = []
    other = forged("an attempt before it is hidden")
    other["parameters"]["redraw_of"] = "018f0000-0000-7000-8000-000000000001"
    yield made[-1], resealed(other)
    other = forged("a firm stands twice, to be drawn more likely")
    other["objects"]["objects"].append(other["objects"]["objects"][0])
    yield made[-1], resealed(other)
    other = forged("a firm has a stratum that is never drawn")
    other["objects"]["objects"][0]["stratum"] = "Z"
    yield made[-1], resealed(other)
    other = forged("key supervision is not drawn whole")
    other["parameters"]["ratios"]["key"] = 1
    yield made[-1], resealed(other)
    other = forged("the title is another")
    other["title"] = "第四季度双随机"
    yield made[-1], other
    other = forged("somebody else comes instead")
    other["replacements"][0]["enters"] = other["replacements"][0]["leaves"]
    yield made[-1], other
    other = forged("somebody was passed over silently")
    other["replacements"][0]["passed_over"] = []
    yield made[-1], other
    other = forged("the commitment is younger than the public value")
    other["committed_at"] = "2021-07-04T13:30:00Z"
    yield made[-1], other
    other = forged("the result was revealed before the public value")
    other["revealed_at"] = "2021-07-04T13:29:59Z"
    yield made[-1], other
    other = forged("one officer goes alone")
    other["parameters"]["officers_per_object"] = 1
    yield made[-1], resealed(other)


def resealed(proof: dict[str, Any]) -> dict[str, Any]:
    """A forger who also makes digests, seed and result anew, with his own secret."""
    proof["digests"] = text.digests(proof)
    seed = text.seed(bytes.fromhex(proof["secret"]), proof["public_text"], proof["digests"]["directory"])
    return {**proof, "seed": seed.hex(), "result": text.result(proof, seed), "replacements": []}


def test_a_forger_who_makes_every_digest_anew_is_still_found_out(tmp_path: Path) -> None:
    proof = a_small_proof()
    said = {name: verdict(as_bytes(forged), tmp_path)[0] for name, forged in forgeries(proof)}
    assert said == dict.fromkeys(said, 1)
    honest = verdict(as_bytes(resealed(copy.deepcopy(proof))), tmp_path)[0]
    assert honest == 0  # nothing was changed
    announced = ("--announced", proof["digests"]["directory"], proof["commitment"])
    swapped = copy.deepcopy(proof)
    swapped["objects"]["objects"].pop()
    assert verdict(as_bytes(resealed(swapped)), tmp_path, *announced)[0] == 1  # the announcement is what binds a forger


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"format": 1}', b'{"objects": [[]]}', b"[" * 100_000])
def test_a_file_that_is_no_proof_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    code, said = verdict(content, tmp_path)
    assert code == 1
    assert "WRONG" in said


def test_the_public_value_must_have_enough_possible_outcomes() -> None:
    """RFC 3797 section 3: whoever could try out secrets must not find one that suits every public value."""

    def source(count: int, high: int, *, ordered: bool = False) -> dict[str, Any]:
        return {"name": "s", "count": count, "low": 1, "high": high, "ordered": ordered}

    assert rules.outcomes_of([source(6, 33)]) == 1_107_568  # the red balls of 双色球
    assert rules.outcomes_of([source(6, 33), source(1, 16)]) == 17_721_088
    assert rules.outcomes_of([source(3, 10, ordered=True)]) == 720
    assert rules.outcomes_of([source(1, 2)]) == 2
    assert rules.outcomes_of([source(5, 2)]) == 2
    assert rules.outcomes_of([source(6, 33)]) >= rules.LEAST_OUTCOMES > rules.outcomes_of([source(3, 10, ordered=True)])
