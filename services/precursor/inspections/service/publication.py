"""One disclosure (一公开): what may be published of a result, until when, and the record that it was (政府信息公开条例 art. 15, 26)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kit.problems import invalid
from kit.roles import Role
from kit.work import Work
from services.precursor.firms import service as firms
from services.precursor.inspections import policy, repository
from services.precursor.inspections.errors import AlreadyPublished, InspectionState
from services.precursor.inspections.schemas import NewPublication, PublicationAnswer, Publishable
from services.precursor.inspections.service.reading import read_inspection
from services.precursor.inspections.tables import Inspection, InspectionPublication
from services.precursor.inspectors import service as inspectors

ITEMS = {"chemical": "易制毒化学品管理情况检查", "courier": "寄递安全三项制度落实情况检查"}
"""Name of the item in the published list of inspection items (国办发〔2015〕58号)."""


async def read_publication(work: Work, inspection_id: UUID) -> PublicationAnswer:
    """What may be published, and whether it was. Raises InspectionNotFound, Forbidden, InspectionState before the end."""
    inspection = await read_inspection(work, inspection_id)
    found = await repository.publication_of(work.session, inspection.id)
    payload, last_day = await _publishable(work, inspection)
    if found is None:
        return PublicationAnswer(payload=payload, publish_by=last_day, published_on=None, channel=None, reference=None, in_time=None)
    return PublicationAnswer(
        payload=Publishable.model_validate(found.payload),
        publish_by=last_day,
        published_on=found.published_on,
        channel=found.channel,
        reference=found.reference,
        in_time=found.in_time,
    )


async def record_publication(work: Work, inspection_id: UUID, new: NewPublication) -> PublicationAnswer:
    """Record that the result was published, with what was published. Raises InspectionNotFound, Forbidden, InspectionState, AlreadyPublished, Invalid."""
    inspection = policy.may_see(work.principal, await repository.inspection(work.session, inspection_id, for_update=True))
    if not work.principal.has(Role.COUNTY_OFFICER):
        policy.may_publish((await inspectors.own_entry(work)).authority, inspection)
    payload, last_day = await _publishable(work, inspection)
    if await repository.publication_of(work.session, inspection.id) is not None:
        raise AlreadyPublished
    if not payload.inspected_on <= new.published_on <= work.today:
        raise invalid("/published_on", "span", "应在检查日与今天之间", "must lie between the inspection and today")
    row = InspectionPublication(
        inspection_id=inspection.id,
        payload=payload.model_dump(mode="json"),
        channel=new.channel,
        reference=new.reference,
        published_on=new.published_on,
        in_time=new.published_on <= last_day,
        recorded_by=work.principal.subject,
        recorded_at=work.now,
    )
    await repository.add_all(work.session, [row])
    await work.note("inspection.publish", "inspection", inspection.id, details={"in_time": row.in_time})
    return await read_publication(work, inspection_id)


async def _publishable(work: Work, inspection: Inspection) -> tuple[Publishable, date]:
    if inspection.result_category is None or inspection.inspected_on is None or inspection.publish_by is None:
        raise InspectionState
    firm = await firms.read_firm(work, inspection.firm_id)
    payload = Publishable.model_validate(
        {
            "plan": str(inspection.draw_id) if inspection.draw_id else inspection.source,
            "item": ITEMS[inspection.object_kind],
            "object_name": firm.name,
            "uscc": firm.uscc,
            "inspected_on": inspection.inspected_on,
            "authority": inspection.authority,
            "result_category": inspection.result_category,
        }
    )
    return payload, inspection.publish_by
