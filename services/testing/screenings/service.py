"""Use cases of screenings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.db import new_id
from kit.etags import check_version
from kit.pages import Cursors
from kit.problems import invalid
from kit.work import Work
from services.testing.events import ScreeningPositive
from services.testing.screenings import policy, repository, rules
from services.testing.screenings.errors import CampaignNotFound, ReferralClosed, ReferralNotFound
from services.testing.screenings.schemas import NewCampaign, NewScreening, Outcome
from services.testing.screenings.tables import Campaign, ReferralStep, ScreeningReferral, VenueScreening


async def open_campaign(work: Work, new: NewCampaign) -> Campaign:
    """Enter a campaign with its legal ground and end. Raises Forbidden, Invalid."""
    policy.may_record_in(work.principal, new.division_code)
    if new.ends_on < new.starts_on:
        raise invalid("/ends_on", "before_start", "结束日期须不早于开始日期", "must not lie before starts_on")
    campaign = Campaign(**new.model_dump(), created_at=work.now)
    work.session.add(campaign)
    await work.session.flush()
    await work.note("campaign.open", "campaign", campaign.id)
    return campaign


async def list_campaigns(work: Work) -> Sequence[Campaign]:
    """The campaigns."""
    return await repository.campaigns(work.session)


async def record_screening(work: Work, new: NewScreening) -> VenueScreening:
    """Record one unit's screening of one day: counts, and the sealed identity of presumptive positives. Raises Forbidden, CampaignNotFound, Invalid."""
    policy.may_record_in(work.principal, new.division_code)
    if new.screened_on > work.today:
        raise invalid("/screened_on", "date_future", "日期不能晚于今天", "must not lie in the future")
    if new.campaign_id is not None:
        campaign = await repository.campaign(work.session, new.campaign_id)
        if campaign is None:
            raise CampaignNotFound
        if not campaign.starts_on <= new.screened_on <= campaign.ends_on:
            raise invalid("/screened_on", "outside_campaign", "不在专项行动期间", "outside the campaign")
    positive = len(new.presumptive)
    tested = new.negative + new.invalid + positive
    if not tested:
        raise invalid("/negative", "nobody_tested", "至少须有一人受检", "somebody must have been screened")
    values = new.model_dump(exclude={"presumptive"})
    made = VenueScreening(**values, tested=tested, presumptive_positive=positive, recorded_by=work.principal.subject, recorded_at=work.now)
    work.session.add(made)
    await work.session.flush()
    identities = [json.dumps(item.model_dump(), ensure_ascii=False) for item in new.presumptive]
    await refer(work, [(made.id, made.division_code, identity) for identity in identities])
    await work.note("screening.record", "venue_screening", made.id, details={"tested": tested})
    return made


async def refer(work: Work, positives: Sequence[tuple[UUID, str, str]]) -> None:
    """Seal each presumptive positive (screening, division, identity) and tell that the police have to test (DTP art. 4)."""
    made: list[UUID] = []
    for screening_id, division_code, identity in positives:
        key = new_id()
        sealed = work.sealer.seal(identity, "screening_referral", "identity", str(key))
        referral = ScreeningReferral(
            id=key, screening_id=screening_id, division_code=division_code, identity_sealed=sealed, created_at=work.now, updated_at=work.now
        )
        work.session.add(referral)
        event = ScreeningPositive(division_code=division_code, measure_id=None, reference_id=key, on=work.today, code="practitioner")
        await work.publish(event, key, division_code)
        made.append(key)
    await work.session.flush()
    if made:
        await work.note("referral.make", "screening_referral", *made)


async def list_screenings(
    work: Work, cursors: Cursors, first: date, last: date, division: str | None, cursor: str | None, limit: int
) -> tuple[Sequence[VenueScreening], str | None]:
    """Screenings of the caller's towns in a period."""
    filters: dict[str, Any] = {"first": first.isoformat(), "last": last.isoformat(), "division": division}
    after = cursors.read(cursor, work.principal.subject, filters, 1)
    scope = work.principal.scope
    found = await repository.screenings_page(work.session, scope, first, last, division, UUID(after[0]) if after else None, limit)
    following = cursors.make([str(found[-1].id)], work.principal.subject, filters) if len(found) == limit else None
    return found, following


async def figures(work: Work, first: date, last: date) -> Sequence[Any]:
    """Counts by town in a period."""
    return await repository.figures(work.session, work.principal.scope, first, last)


async def list_referrals(
    work: Work, cursors: Cursors, state: str, cursor: str | None, limit: int
) -> tuple[Sequence[ScreeningReferral], str | None]:
    """Referrals that wait for the police, without identities."""
    filters = {"state": state}
    after = cursors.read(cursor, work.principal.subject, filters, 1)
    found = await repository.referrals_page(work.session, work.principal.scope, state, UUID(after[0]) if after else None, limit)
    if found:
        await work.note("referral.list", "screening_referral", *(item.id for item in found))
    following = cursors.make([str(found[-1].id)], work.principal.subject, filters) if len(found) == limit else None
    return found, following


async def open_identity(work: Work, referral_id: UUID) -> str:
    """Who it is: an act of its own, audited as such. Raises ReferralNotFound, ReferralClosed when it was erased."""
    referral = await repository.referral(work.session, referral_id)
    policy.may_open(work.principal, referral)
    if referral is None:
        raise ReferralNotFound
    if referral.identity_sealed is None:
        raise ReferralClosed
    await work.note("referral.open_identity", "screening_referral", referral.id)
    return work.sealer.open(referral.identity_sealed, "screening_referral", "identity", str(referral.id))


async def record_outcome(work: Work, referral_id: UUID, new: Outcome, if_match: str | None) -> ScreeningReferral:
    """What the police's own test came to; after a negative the identity is erased at once. Raises ReferralNotFound, StaleVersion, ReferralClosed, Invalid."""
    referral = await repository.referral(work.session, referral_id, for_update=True)
    policy.may_open(work.principal, referral)
    if referral is None:
        raise ReferralNotFound
    check_version(if_match, referral.version)
    if new.outcome == "police_case" and not new.police_case_no:
        raise invalid("/police_case_no", "missing", "须填写案件编号", "the case number is required")
    if new.outcome_on > work.today:
        raise invalid("/outcome_on", "date_future", "日期不能晚于今天", "must not lie in the future")
    events = [new.outcome, "erase"] if new.outcome == "police_negative" else [new.outcome]
    for event in events:
        step = rules.TRANSITIONS.get((referral.state, event))
        if step is None:
            raise ReferralClosed
        target, source = step
        work.session.add(
            ReferralStep(
                referral_id=referral.id,
                event=event,
                from_state=referral.state,
                to_state=target,
                source=source,
                recorded_by=work.principal.subject,
                recorded_at=work.now,
            )
        )
        referral.state = target
    if referral.state == "erased":
        referral.identity_sealed = None
    referral.police_case_no, referral.outcome_on = new.police_case_no, new.outcome_on
    referral.version += 1
    referral.updated_at = work.now
    await work.session.flush()
    await work.note("referral.outcome", "screening_referral", referral.id, details={"outcome": new.outcome})
    return referral
