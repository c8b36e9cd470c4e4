"""Releases from isolation in June and July 2021, each with its handover (出所衔接): answered in time, late, and not at all. Paper notices that the office enters."""

from __future__ import annotations

from typing import Any

from deploy.demo.client import Client
from deploy.demo.county import table

INSTITUTION = "强制隔离戒毒所(演示)"
ENDED = ("released", "isolation_active")
"""States of the measures that the notices are about: already over, or ending in some days."""
PATH = "/registry/v1/handovers"


async def load(officer: Client) -> None:
    """Announce, receive and answer. An existing notice is continued. Raises DemoFailed."""
    people = await _by_place(officer)
    for line in table("releases.csv"):
        found = people.get((line["town"], line["term_end"]))
        if found is None:
            continue  # the ledgers have no person there
        notice = {
            "person_id": found,
            "institution": INSTITUTION,
            "notice_no": line["notice_no"],
            "announced_on": line["announced_on"],
            "division_code": line["town"],
            "released_on": line["term_end"],
            "order_no": line["order_no"] or None,
            "documents": ["release_certificate", *(["rehabilitation_order"] if line["order_no"] else [])],
        }
        handover = await officer.send("POST", PATH, notice)
        if handover["state"] == "announced" and line["received_on"]:
            handover = await _step(officer, handover, "receipt", {"contact": line["contact"], "on": line["received_on"]})
        if handover["state"] == "received" and line["outcome"]:
            answer = {"outcome": line["outcome"], "on": line["acknowledged_on"], "reason": line["reason"]}
            arrived = {"arrived_on": line["arrived_on"]} if line["arrived_on"] else {}
            await _step(officer, handover, "acknowledgement", {**answer, **arrived})


async def _step(officer: Client, handover: dict[str, Any], step: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = await officer.send("POST", f"{PATH}/{handover['id']}/{step}", body, If_Match=f'"v{handover["version"]}"')
    return answer


async def _by_place(officer: Client) -> dict[tuple[str, str], str]:
    """Town and last day of an isolation → the person."""
    found: dict[tuple[str, str], str] = {}
    for state in ENDED:
        for item in await officer.pages(f"/registry/v1/measures?state={state}"):
            if item["kind"] == "compulsory_isolation_treatment" and item["term_end"]:
                found.setdefault((item["division_code"], item["term_end"]), item["person_id"])
    return found
