#!/usr/bin/env python3
"""Recompute a draw (双随机) from its proof, after README.md beside this file. Needs Python 3.8 and nothing else; shares no code with the system that drew.

    python3 verify_draw.py proof.json          the proof as GET /precursor/v1/public/draws/{id}/proof gives it, without an account
    python3 verify_draw.py proof.json --announced <digest> <commitment>
                                               also compare with what was written down when the draw was announced

Prints each check; exit code 0 when everything holds, 1 when something does not, 2 when the draw has no result yet.
What this cannot see: whether the public numbers are those of their source. Look them up there.
"""

import hashlib
import json
import sys
from datetime import datetime

FAILED = []
FIELDS = (
    "format algorithm draw_id title state objects inspectors parameters digests commitment committed_at secret public_values public_text "
    "public_reference seed revealed_at result replacements result_withheld attempts"
)
FORMATS = {
    "guikang-draw-proof-1": (
        FIELDS,
        {"replacements": "object leaves enters ground passed_over recorded_at", "attempts": "id state set_aside_reason planned_at"},
    ),
    "guikang-draw-proof-2": (
        FIELDS + " pool attempt commitment_number commitments object_replacements redacted",
        {
            "replacements": "object leaves enters ground passed_over recorded_at signed_at",
            "object_replacements": "stratum leaves enters officers ground passed_over recorded_at signed_at",
            "attempts": "id number state set_aside_reason set_aside_document planned_at commitment commitment_number",
            "commitments": "number draw_id commitment committed_at state",
        },
    ),
}
STRATA = ("key", "D", "C", "B", "A")


def check(what, holds):
    print(("ok    " if holds else "WRONG ") + what)
    if not holds:
        FAILED.append(what)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def take(names, how_many, label, seed):
    """RFC 3797, section 4, with SHA-256: the n-th hash modulo the number left tells which of those left comes next."""
    names, chosen = list(names), []
    for n in range(how_many):
        four = n.to_bytes(4, "big")
        index = int(sha(four + label.encode("utf-8") + seed + four), 16) % len(names)
        chosen.append(names[index])
        del names[index]
    return chosen


def free_for(proof, firm):
    """Officers who may go to a firm: not recused from it, not there the last time."""
    barred = {officer for object_id, officer in proof["inspectors"]["recusals"] if object_id == firm["id"]} | set(firm["last_officers"])
    return sorted(officer["id"] for officer in proof["inspectors"]["inspectors"] if officer["id"] not in barred)


def redraw(proof, seed):
    """The result as it must be, in order."""
    wanted = proof["parameters"]["officers_per_object"]
    result = []
    for stratum in STRATA:
        firms = {firm["id"]: firm for firm in proof["objects"]["objects"] if firm["stratum"] == stratum}
        how_many = (len(firms) * proof["parameters"]["ratios"].get(stratum, 0) + 99) // 100
        for firm in take(sorted(firms), how_many, "objects:" + stratum, seed):
            free = free_for(proof, firms[firm])
            if len(free) < wanted:
                check("enough officers for " + firm, False)
                continue
            result.append({"object": firm, "stratum": stratum, "officers": take(free, wanted, "officers:" + firm, seed)})
    return result


def in_order(proof, seed):
    """Whether each officer who came instead of another was the next of the same pick."""
    firms = {firm["id"]: firm for firm in proof["objects"]["objects"]}
    gone = {line["object"]: list(line["officers"]) for line in proof["result"]}
    gone.update((change["enters"], list(change["officers"])) for change in proof.get("object_replacements", ()) if change["enters"])
    serving = {firm: set(officers) for firm, officers in gone.items()}
    for change in proof["replacements"]:
        firm = change["object"]
        free = free_for(proof, firms[firm])
        following = [o for o in take(free, len(free), "officers:" + firm, seed) if o not in gone[firm]]
        skipped = [item["inspector"] for item in change["passed_over"]]
        if change["leaves"] not in serving[firm] or following[: len(skipped) + 1] != [*skipped, change["enters"]]:
            return False
        gone[firm].append(change["enters"])
        serving[firm] = serving[firm] - {change["leaves"]} | {change["enters"]}
    return True


def objects_in_order(proof, seed):
    """Whether each firm that came instead of another was the next of its stratum's pick, with the officers drawn for it; none only when nobody is left."""
    firms = {firm["id"]: firm for firm in proof["objects"]["objects"]}
    drawn = [line["object"] for line in proof["result"]]
    present = set(drawn)
    wanted = proof["parameters"]["officers_per_object"]
    for change in proof["object_replacements"]:
        if change["leaves"] not in present or firms[change["leaves"]]["stratum"] != change["stratum"]:
            return False
        members = sorted(name for name, firm in firms.items() if firm["stratum"] == change["stratum"])
        order = [o for o in take(members, len(members), "objects:" + change["stratum"], seed) if o not in drawn]
        skipped = [item["object"] for item in change["passed_over"]]
        came = [] if change["enters"] is None else [change["enters"]]
        if order[: len(skipped) + len(came)] != [*skipped, *came] or (not came and len(order) > len(skipped)):
            return False
        officers = take(free_for(proof, firms[came[0]]), wanted, "officers:" + came[0], seed) if came else []
        if officers != change["officers"]:
            return False
        drawn += came
        present = present - {change["leaves"]} | set(came)
    return True


def counted(proof):
    """Attempts and commitments, which are numbered without a gap; an attempt that is given up names its written ground."""
    check("attempts are numbered without a gap", [one["number"] for one in proof["attempts"]] == list(range(1, len(proof["attempts"]) + 1)))
    check("this attempt's number", proof["attempt"] == next(one["number"] for one in proof["attempts"] if one["id"] == proof["draw_id"]))
    numbers = [one["number"] for one in proof["commitments"]]
    check("commitments of the pool are numbered without a gap", numbers == list(range(1, len(numbers) + 1)))
    own = [(one["number"], one["commitment"]) for one in proof["commitments"] if one["draw_id"] == proof["draw_id"]]
    mine = [] if proof["commitment"] is None else [(proof["commitment_number"], proof["commitment"])]
    check("this draw's commitment stands among them", own == mine)
    fixed = proof["parameters"]
    check(
        "the pool is the one that was frozen",
        proof["pool"] == "/".join((fixed["object_kind"], fixed["authority"], fixed["inspect_from"][:4])),
    )


def verify(proof, announced):
    check("format and algorithm are known", proof["format"] in FORMATS and proof["algorithm"] == "guikang-draw-1")
    fields, parts = FORMATS.get(proof["format"], (FIELDS, {}))
    check("its fields are those of the format", sorted(proof) == sorted(fields.split()))
    for part, names in parts.items():
        check("fields of the " + part, all(sorted(entry) == sorted(names.split()) for entry in proof[part]))
    digests = {part: sha(canonical(proof[part])) for part in ("objects", "inspectors", "parameters")}
    if proof.get("redacted"):
        print("note: certificate numbers are left out; the digest of the inspectors stands for them")
        digests["inspectors"] = proof["digests"]["inspectors"]
    directory, fixed = sha(canonical(digests)), proof["parameters"]
    for part, digest in digests.items():
        check("digest of the frozen " + part, digest == proof["digests"][part])
    check("digest of the directories together", directory == proof["digests"]["directory"])
    check("the documents belong to this draw", (fixed["draw_id"], fixed["title"]) == (proof["draw_id"], proof["title"]))
    check("the algorithm is the one that was frozen", fixed["algorithm"] == proof["algorithm"])
    for part, name in (("objects", "objects"), ("inspectors", "inspectors")):
        ids = [entry["id"] for entry in proof[part][name]]
        check("nobody stands twice among the " + name, len(ids) == len(set(ids)))
    check("every firm has a stratum", all(firm["stratum"] in STRATA for firm in proof["objects"]["objects"]))
    check("key supervision is drawn whole", fixed["ratios"]["key"] == 100)
    ids = [attempt["id"] for attempt in proof["attempts"]]
    place = ids.index(proof["draw_id"])
    check("the attempt before this one is the one that was frozen", (ids[place - 1] if place else None) == fixed["redraw_of"])
    if proof["format"] != "guikang-draw-proof-1":
        counted(proof)
    if announced:
        check("directories are those that were announced", announced[0] == directory)
        check("commitment is the one that was announced", announced[1] == proof["commitment"])
    if proof["secret"] is not None:
        check("the secret has 32 bytes", len(bytes.fromhex(proof["secret"])) == 32)
        check("the secret is the committed one", sha(bytes.fromhex(proof["secret"])) == proof["commitment"])
    if proof["secret"] is None or proof["result"] is None:
        print("this draw has no result (state: %s)" % proof["state"])
        return 1 if FAILED else 2
    instants = [proof["committed_at"], fixed["public_values_known_at"], proof["revealed_at"]]
    before, known, after = (datetime.fromisoformat(instant.replace("Z", "+00:00")) for instant in instants)
    check("committed before the public value, revealed after it", before < known <= after)
    sources = fixed["public_sources"]
    fits, public = len(sources) == len(proof["public_values"]), ""
    for source, numbers in zip(sources, proof["public_values"]):
        fits = fits and len(numbers) == source["count"] and all(source["low"] <= number <= source["high"] for number in numbers)
        public += "".join("%d." % number for number in (numbers if source["ordered"] else sorted(numbers))) + "/"
    check("the public numbers fit the sources fixed in advance", fits and public == proof["public_text"])
    seed = hashlib.sha256(bytes.fromhex(proof["secret"]) + public.encode("utf-8") + bytes.fromhex(directory)).digest()
    check("the seed", seed.hex() == proof["seed"])
    check("firms and officers are those that the seed gives, in order", redraw(proof, seed) == proof["result"])
    check("at least two officers go to each firm", all(len(set(line["officers"])) >= 2 for line in proof["result"]))
    check("who came instead of another was the next in order", in_order(proof, seed))
    if proof["format"] != "guikang-draw-proof-1":
        check("what was inspected instead of another was the next in order", objects_in_order(proof, seed))
    print("public numbers to look up: %s = %s" % ([source["name"] for source in sources], proof["public_values"]))
    for attempt in proof["attempts"]:
        if attempt["state"] == "set_aside":
            print("note: attempt %s was given up: %s" % (attempt["id"], attempt["set_aside_reason"]))
    return 1 if FAILED else 0


def main(arguments):
    FAILED.clear()
    announced = arguments[arguments.index("--announced") + 1 :][:2] if "--announced" in arguments else []
    try:
        with open(arguments[0], encoding="utf-8") as file:
            return verify(json.load(file), announced)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        check("the proof can be read (%s: %s)" % (type(error).__name__, error), False)
        return 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
