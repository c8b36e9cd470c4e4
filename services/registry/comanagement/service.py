"""Use cases of co-management: agreements, who is named in them, receipts, transfers out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from kit import nameplate
from kit.etags import check_version
from kit.lists import Asked, Found, find_rows
from kit.problems import ROLE, Forbidden, Invalid, invalid
from kit.roles import Role
from kit.steps.machine import START
from kit.steps.taking import NextStep, declared, next_steps, refuse, take
from kit.work import Work
from services.registry.comanagement import feed, policy, repository, rules
from services.registry.comanagement.errors import AgreementState
from services.registry.comanagement.intake import TakenTransfer, take_over_transfers_out
from services.registry.comanagement.schemas import AgreementStep, NewAgreement, NewTransferOut, PersonLeaves, Receipt, ReceiptRow
from services.registry.comanagement.tables import Agreement, AgreementChange, AgreementPerson, PartnerReceipt, TransferOut
from services.registry.people import policy as people_policy
from services.registry.people import repository as people
from services.registry.people.errors import RecordClosed


async def propose_agreement(work: Work, new: NewAgreement) -> Agreement:
    """Propose an agreement; nothing is shared before both sides accepted (domain 6, step 3). Raises Forbidden, Invalid, PersonNotFound."""
    policy.may_propose(work.principal, work.house.county)
    if new.valid_to <= new.valid_from:
        raise invalid("/valid_to", "before_start", "截止日须晚于起始日", "must lie after the start")
    if new.partner_area == work.house.county:
        raise invalid("/partner_area", "own_county", "对方地区不能是本县", "must be another county")
    agreement = Agreement(
        name=new.name,
        partner_area=new.partner_area,
        partner_client=new.partner_client,
        lead_side=new.lead_side,
        fields=sorted(set(new.fields)),
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        state=START,
        document_no=new.document_no,
        proposed_by=work.principal.subject,
        created_at=work.now,
        updated_at=work.now,
    )
    await _take(work, agreement, "propose", document_no=new.document_no, details={"fields": agreement.fields})
    if new.person_ids:
        await _name(work, agreement, new.person_ids)
    return agreement


async def read_agreement(work: Work, agreement_id: UUID) -> Agreement:
    """One agreement. Raises AgreementNotFound."""
    return policy.may_see(work.principal, await repository.agreement(work.session, agreement_id), work.house.county)


async def list_agreements(work: Work) -> Sequence[Agreement]:
    """All for the office of this county; for a partner those that name its client and that it was granted; for anybody else none."""
    if policy.is_office(work.principal, work.house.county):
        return await repository.agreements(work.session, None)
    if not work.principal.has(Role.PARTNER):
        return []
    found = await repository.agreements(work.session, policy.granted(work.principal))
    return [agreement for agreement in found if agreement.partner_client == work.principal.subject]


async def take_agreement_step(work: Work, agreement_id: UUID, step: AgreementStep, if_match: str | None) -> Agreement:
    """Accept or end. Raises AgreementNotFound, AgreementState, StaleVersion, Invalid, Forbidden.

    The side that proposed cannot accept for the other one without the number of its written reply.
    """
    agreement = await _locked(work, agreement_id)
    check_version(if_match, agreement.version)
    declaration = declared(rules.AGREEMENT, agreement.state, step.event, AgreementState)
    if not work.principal.has(*declaration.roles):
        raise Forbidden("终止协议请联系县禁毒办", "ask the county office to end the agreement", errors=[ROLE])
    if step.on > work.today:
        raise invalid("/on", "date_future", "日期不能晚于今天", "must not lie in the future")
    if step.event == "accept":
        if not work.principal.has(Role.PARTNER) and not step.document_no:
            raise invalid("/document_no", "document_required", "须有对方书面接受文号", "needs the number of the partner's written reply")
        refuse(policy.why_not_accepted(agreement, step.on), Invalid)
        agreement.accepted_by, agreement.accepted_on = work.principal.subject, step.on
    else:
        agreement.ended_on, agreement.end_reason = step.on, step.reason or "ended"
    await _take(work, agreement, step.event, step.on, step.document_no, step.reason or "")
    return agreement


def next_steps_of(work: Work, agreement: Agreement) -> list[NextStep]:
    """What each side can do with the agreement now."""
    fields = {"accept": ["on"]} if work.principal.has(Role.PARTNER) else {}
    blocked = {"accept": policy.why_not_accepted(agreement, work.today)}
    return next_steps(rules.AGREEMENT, agreement.state, work.principal, blocked, fields=fields)


async def name_persons(work: Work, agreement_id: UUID, person_ids: Sequence[UUID]) -> Agreement:
    """Name persons in an agreement. Raises AgreementNotFound, AgreementState, PersonNotFound."""
    agreement = await _locked(work, agreement_id)
    declared(rules.AGREEMENT, agreement.state, "name", AgreementState)
    await _name(work, agreement, person_ids)
    await _take(work, agreement, "name")
    return agreement


async def let_person_leave(work: Work, agreement_id: UUID, person_id: UUID, leaves: PersonLeaves) -> Agreement:
    """Take a person out of an agreement from a day on; the partner is told to delete. Raises AgreementNotFound, PersonNotFound."""
    agreement = await _locked(work, agreement_id)
    found = await repository.named_in(work.session, agreement.id, [person_id])
    people_policy.may_write(work.principal, await people.person(work.session, person_id))
    for membership in found:
        membership.left_on, membership.left_reason, membership.left_at = leaves.on, leaves.reason, work.now
    _touch(work, agreement)
    await work.note("agreement.leave", "person", person_id, details={"agreement": str(agreement.id), "reason": leaves.reason})
    return agreement


async def named_persons(work: Work, agreement_id: UUID) -> list[dict[str, Any]]:
    """Everybody named in an agreement and what the partner was told. Raises AgreementNotFound."""
    agreement = policy.may_see(work.principal, await repository.agreement(work.session, agreement_id), work.house.county)
    told = await repository.entries(work.session, agreement.id)
    rows = await repository.shared_list(work.session, agreement.id, work.today)
    in_force = rules.holds_on(agreement.state, agreement.valid_from, agreement.valid_to, work.today)
    await work.note("agreement.list_persons", "person", *(row["person_id"] for row in rows), details={"agreement": str(agreement.id)})
    names = ("ref", "person_id", "name", "division_code", "measure_kind", "measure_state", "term_end", "left_reason")
    return [
        {
            **{name: row[name] for name in names},
            "id_number": row["id_number_masked"],
            "shared": row["shared"] and in_force,
            "told_version": told[row["ref"]].version if row["ref"] in told else None,
            "told_at": told[row["ref"]].at if row["ref"] in told else None,
        }
        for row in rows
    ]


async def take_receipt(work: Work, agreement_id: UUID, receipt: Receipt) -> tuple[PartnerReceipt, int, list[UUID]]:
    """Store what the partner applied and deleted; with the changes it is behind and the deletions it still owes.

    A house that was put back to an earlier state may have told of persons whom it no longer knows: it takes the partner's word that they are deleted.
    Raises AgreementNotFound, BadCursor, Gone, Invalid.
    """
    agreement = policy.may_see(work.principal, await repository.agreement(work.session, agreement_id), work.house.county)
    position, _ = await feed.read_cursor(work, agreement, receipt.cursor)
    entries = await repository.entries(work.session, agreement.id)
    if not set(receipt.deleted) <= set(entries) and not await nameplate.was_restored(work.session, work.house.schema):
        raise invalid("/deleted", "unknown_person", "含有不在名单内的人员编号", "names a person reference that was never on the list")
    row = PartnerReceipt(
        agreement_id=agreement.id,
        position=position,
        deleted=[str(ref) for ref in receipt.deleted],
        received_from=work.principal.subject,
        received_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    work.purpose = policy.EXCHANGE
    await work.note("comanagement.receipt", "agreement", agreement.id, details={"applied": position, "deleted": len(receipt.deleted)})
    owed = rules.deletions_owed(entries.values(), await repository.deletions(work.session, agreement.id))
    behind = sum(entry.position > position for entry in entries.values())
    return row, behind, owed


async def receipts_of(work: Work, agreement_id: UUID) -> list[ReceiptRow]:
    """What the partner reported, latest first, with what it still owed after each: both sides see the same. Raises AgreementNotFound."""
    agreement = policy.may_see(work.principal, await repository.agreement(work.session, agreement_id), work.house.county)
    rows = await repository.receipts(work.session, agreement.id)
    await work.note("comanagement.list_receipts", "agreement", agreement.id, details={"count": len(rows)})
    return [
        ReceiptRow(
            id=row.id,
            applied=row.position,
            told=agreement.position,
            deleted=[UUID(ref) for ref in row.deleted],
            received_from=row.received_from,
            received_at=row.received_at,
        )
        for row in rows
    ]


async def record_transfer_out(work: Work, new: NewTransferOut) -> TransferOut:
    """Record that another county accepted a person in writing (domain 6; DRR art. 22). Raises PersonNotFound, RecordClosed, Invalid, Conflict."""
    person = await people.person(work.session, new.person_id, for_update=True)
    people_policy.may_write(work.principal, person)
    assert person is not None
    if person.state == "closed" and person.status == "dead":
        raise RecordClosed
    if new.transferred_on > work.today:
        raise invalid("/transferred_on", "date_future", "日期不能晚于今天", "must not lie in the future")
    if new.receiving_area == work.house.county:
        raise invalid("/receiving_area", "own_county", "接收地不能是本县", "must be another county")
    row = TakenTransfer(new.person_id, person.division_code, new.receiving_area, new.transferred_on, new.document_no)
    if not await take_over_transfers_out(work, [row], source="entry"):
        raise AgreementState("当日已有移交记录", "handed over on that day already")
    return await repository.transfer_out(work.session, new.person_id, new.transferred_on)


async def list_transfers_out(work: Work, asked: Asked, receiving_area: str | None) -> Found:
    """Transfers out from the caller's towns."""
    query = repository.transfers_out(work.scope, receiving_area)
    return await find_rows(work, repository.TRANSFERS_OUT, asked, query, filters={"receiving_area": receiving_area})


async def _name(work: Work, agreement: Agreement, person_ids: Sequence[UUID]) -> None:
    wanted = sorted(set(person_ids))
    found = {person.id: person for person in await people.people_by_ids(work.session, wanted)}
    for person_id in wanted:
        people_policy.may_write(work.principal, found.get(person_id))
    known = {membership.person_id: membership for membership in await repository.named_in(work.session, agreement.id, wanted)}
    for person_id in wanted:
        membership = known.get(person_id)
        if membership is None:
            # A random reference: it says nothing of the person and nothing of when they were named.
            work.session.add(AgreementPerson(id=uuid4(), agreement_id=agreement.id, person_id=person_id, named_on=work.today))
        else:
            membership.left_on = membership.left_reason = membership.left_at = None
    await work.session.flush()
    await work.note("agreement.name_persons", "person", *wanted, details={"agreement": str(agreement.id)})


async def _locked(work: Work, agreement_id: UUID) -> Agreement:
    policy.may_see(work.principal, await repository.agreement(work.session, agreement_id), work.house.county)
    found = await repository.agreement(work.session, agreement_id, for_update=True)
    assert found is not None
    return found


async def _take(
    work: Work,
    agreement: Agreement,
    event: str,
    on: date | None = None,
    document_no: str | None = None,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    await take(
        work,
        rules.AGREEMENT,
        agreement,
        event,
        AgreementChange,
        noted=("agreement", agreement.id, "agreement"),
        on=on,
        reason=reason,
        problem=AgreementState,
        more={"document_no": document_no},
        details={"document_no": document_no, **(details or {})},
    )


def _touch(work: Work, agreement: Agreement) -> None:
    agreement.version += 1
    agreement.updated_at = work.now
