"""The frozen directories of a draw: who may be inspected and who may inspect at the moment of planning, as canonical documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kit.clock import SHANGHAI, shown
from kit.work import Work
from services.precursor.draws import rules
from services.precursor.draws.rules.sources import Source, known_at
from services.precursor.draws.schemas import NewDraw
from services.precursor.draws.tables import DrawDirectory
from services.precursor.firms import service as firms
from services.precursor.inspections import repository as inspections
from services.precursor.inspectors import service as inspectors
from services.precursor.inspectors.rules import has_power


@dataclass(frozen=True, slots=True)
class Frozen:
    """The three documents."""

    objects: dict[str, Any]
    inspectors: dict[str, Any]
    parameters: dict[str, Any]


async def freeze(work: Work, draw_id: UUID, new: NewDraw, named: Sequence[tuple[Source, date]]) -> Frozen:
    """Read both directories once. Officers are listed by code, without name or certificate number, because the documents are public. Firms at their
    yearly cap or outside the authority's power, and officers who cannot go, are in the documents with the reason.
    """
    year = new.inspect_from.year
    visits = await inspections.visits_of_year(work.session, new.object_kind, year)
    last = await inspections.last_officers(work.session, new.object_kind)
    objects: list[dict[str, Any]] = []
    excluded: list[dict[str, Any]] = []
    for firm, holding in await firms.objects_to_draw(work, new.object_kind, new.inspect_from):
        if new.object_kind == "chemical" and not holding.controlled:  # the chemicals that it held have left the list
            excluded.append({"id": str(firm.id), "uscc": firm.uscc, "reason": "nothing_controlled"})
            continue
        powers = {"pharmaceutical": holding.pharmaceutical, "other": holding.other}
        if not has_power(new.authority, new.object_kind, activities=holding.activities, **powers):
            excluded.append({"id": str(firm.id), "uscc": firm.uscc, "reason": "not_competent"})
            continue
        planned, key_done = visits.get(firm.id, (0, False))
        if planned >= rules.YEARLY_CAP:
            excluded.append({"id": str(firm.id), "uscc": firm.uscc, "reason": "yearly_cap"})
            continue
        objects.append(
            {
                "id": str(firm.id),
                "uscc": firm.uscc,
                "name": firm.name,
                "division_code": firm.division_code,
                "risk_class": firm.risk_class,
                "stratum": rules.stratum_of(firm.risk_class, holds_class_1=holding.class_1, key_visit_this_year=key_done),
                "last_officers": sorted(str(officer) for officer in last.get(firm.id, ())),
            }
        )
    able, unable = await inspectors.officers_to_draw(work, new.authority, new.inspect_from, new.inspect_to)
    known = {item["id"] for item in objects}
    present = {inspector.id for inspector in able}
    recusals = sorted(
        [str(firm_id), str(inspector_id)]
        for firm_id, inspector_id in await inspectors.recusals_on(work, work.today)
        if str(firm_id) in known and inspector_id in present
    )
    return Frozen(
        objects={"objects": objects, "excluded": excluded},
        inspectors={
            "authority": new.authority,
            "inspectors": [
                {"id": str(inspector.id), "certificate_valid_to": inspector.certificate_valid_to.isoformat()} for inspector in able
            ],
            "excluded": [{"id": str(inspector.id), "reason": reason} for inspector, reason in unable],
            "recusals": recusals,
        },
        parameters={
            "algorithm": rules.ALGORITHM,
            "draw_id": str(draw_id),
            "title": new.title,
            "redraw_of": str(new.redraw_of) if new.redraw_of else None,
            "object_kind": new.object_kind,
            "authority": new.authority,
            "inspect_from": new.inspect_from.isoformat(),
            "inspect_to": new.inspect_to.isoformat(),
            "ratios": {**new.ratios.model_dump(), "key": rules.RATIOS["key"]},
            "officers_per_object": new.officers_per_object,
            "yearly_cap": rules.YEARLY_CAP,
            "public_sources": [source.frozen(day, wanted.issue) for (source, day), wanted in zip(named, new.public_sources, strict=True)],
            "public_values_known_at": shown(known_at(named, SHANGHAI)),
            "frozen_at": shown(work.now),
        },
    )


def directory_row(draw_id: UUID, frozen: Frozen, known: datetime) -> DrawDirectory:
    """The documents as they are stored for ever, with their digests."""
    texts = {name: rules.canonical(getattr(frozen, name)) for name in ("objects", "inspectors", "parameters")}
    digests = {name: rules.digest(text) for name, text in texts.items()}
    return DrawDirectory(
        draw_id=draw_id,
        **texts,
        **{f"{name}_digest": value for name, value in digests.items()},
        directory_digest=rules.directory_digest(digests["objects"], digests["inspectors"], digests["parameters"]),
        public_values_known_at=known,
    )
