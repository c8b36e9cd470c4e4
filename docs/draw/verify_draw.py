#!/usr/bin/env python3
"""Recompute a draw (双随机) from its proof. Needs Python 3.8 and nothing else; shares no code with the system that drew.

    python3 verify_draw.py proof.json          the proof as GET /precursor/v1/draws/{id}/proof gives it
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


def redraw(proof, seed):
    """The result as it must be, in order."""
    wanted = proof["parameters"]["officers_per_object"]
    everybody = sorted(officer["id"] for officer in proof["inspectors"]["inspectors"])
    barred = {(firm, officer) for firm, officer in proof["inspectors"]["recusals"]}
    result = []
    for stratum in ("key", "D", "C", "B", "A"):
        firms = {firm["id"]: firm for firm in proof["objects"]["objects"] if firm["stratum"] == stratum}
        ratio = proof["parameters"]["ratios"].get(stratum, 0)
        how_many = (len(firms) * ratio + 99) // 100
        for firm in take(sorted(firms), how_many, "objects:" + stratum, seed):
            free = [o for o in everybody if (firm, o) not in barred and o not in firms[firm]["last_officers"]]
            if len(free) < wanted:
                check("enough officers for " + firm, False)
                continue
            result.append({"object": firm, "stratum": stratum, "officers": take(free, wanted, "officers:" + firm, seed)})
    return result


def main(arguments):
    with open(arguments[0], encoding="utf-8") as file:
        proof = json.load(file)
    check("format and algorithm are known", (proof["format"], proof["algorithm"]) == ("guikang-draw-proof-1", "guikang-draw-1"))
    digests = {part: sha(canonical(proof[part])) for part in ("objects", "inspectors", "parameters")}
    directory = sha(canonical(digests))
    for part, digest in digests.items():
        check("digest of the frozen " + part, digest == proof["digests"][part])
    check("digest of the directories together", directory == proof["digests"]["directory"])
    check("the documents belong to this draw", proof["parameters"]["draw_id"] == proof["draw_id"])
    if "--announced" in arguments:
        digest, commitment = arguments[arguments.index("--announced") + 1 :][:2]
        check("directories are those that were announced", digest == directory)
        check("commitment is the one that was announced", commitment == proof["commitment"])
    if proof["secret"] is None or proof["result"] is None:
        print("this draw has no result (state: %s)" % proof["state"])
        return 1 if FAILED else 2
    secret = bytes.fromhex(proof["secret"])
    check("the secret has 32 bytes", len(secret) == 32)
    check("the secret is the committed one", sha(secret) == proof["commitment"])
    instants = [proof["committed_at"], proof["parameters"]["public_values_known_at"], proof["revealed_at"]]
    before, known, after = (datetime.fromisoformat(instant.replace("Z", "+00:00")) for instant in instants)
    check("committed before the public value, revealed after it", before < known <= after)
    sources = proof["parameters"]["public_sources"]
    fits = len(sources) == len(proof["public_values"])
    public = ""
    for source, numbers in zip(sources, proof["public_values"]):
        fits = fits and len(numbers) == source["count"] and all(source["low"] <= number <= source["high"] for number in numbers)
        public += "".join("%d." % number for number in (numbers if source["ordered"] else sorted(numbers))) + "/"
    check("the public numbers fit the sources fixed in advance", fits)
    seed = hashlib.sha256(secret + public.encode("utf-8") + bytes.fromhex(directory)).digest()
    check("the seed", seed.hex() == proof["seed"])
    check("firms and officers are those that the seed gives, in order", redraw(proof, seed) == proof["result"])
    check("at least two officers go to each firm", all(len(set(line["officers"])) >= 2 for line in proof["result"]))
    print("public numbers to look up: %s = %s" % ([source["name"] for source in sources], proof["public_values"]))
    given_up = [attempt for attempt in proof["attempts"] if attempt["state"] == "set_aside"]
    for attempt in given_up:
        print("note: attempt %s was given up: %s" % (attempt["id"], attempt["set_aside_reason"]))
    return 1 if FAILED else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
