"""Use cases of screenings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from kit.db import new_id
from kit.etags import check_version
from kit.lists import Asked, Found, find_rows
from kit.problems import invalid
from kit.roles import Role
from kit.steps.machine import START
from kit.steps.taking import take
from kit.work import Work
from services.testing.events import ScreeningPositive
from services.testing.periods.rules import settled_at, settled_period
from services.testing.screenings import policy, repository, rules
from services.testing.screenings.errors import CampaignNotFound, ReferralClosed, ReferralNotFound
from services.testing.screenings.rules import ScreeningCount
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


async def list_campaigns(work: Work, asked: Asked) -> Found:
    """The campaigns of the caller's places, and of the places above them."""
    return await find_rows(work, repository.CAMPAIGNS, asked, repository.campaigns_in(work.scope), {})


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
    """Seal each presumptive positive (screening, division, identity) and publish that the police must test (DTP art. 4)."""
    for screening_id, division_code, identity in positives:
        key = new_id()
        sealed = work.sealer.seal(identity, "screening_referral", "identity", str(key))
        referral = ScreeningReferral(
            id=key,
            screening_id=screening_id,
            division_code=division_code,
            identity_sealed=sealed,
            state=START,
            created_at=work.now,
            updated_at=work.now,
        )
        await _take(work, referral, "refer", work.today)
        event = ScreeningPositive(division_code=division_code, measure_id=None, reference_id=key, on=work.today, code="practitioner")
        await work.publish(event, key, division_code)


async def list_screenings(work: Work, asked: Asked, first: date, last: date, division: str | None) -> Found:
    """Screenings of the caller's towns in a period. Raises OutsideScope, BadCursor."""
    filters = {"first": first, "last": last, "division": division}
    return await find_rows(work, repository.SCREENINGS, asked, repository.screenings_in(work.scope.within(division), first, last), filters)


async def figures(work: Work, first: date, last: date) -> list[ScreeningCount]:
    """Counts by town in a period; a caller who may not see persons gets only whole half months that are over, without small counts.

    Raises Invalid.
    """
    if last < first or last - first > timedelta(days=366):
        raise invalid("/query/to", "range", "日期范围须在一年以内", "the range is at most a year")
    if work.principal.has(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER):
        rows = await repository.half_months(work.session, work.scope, first, last, work.now)
        return rules.added(rows)
    period = settled_period(first, last, work.today)
    if period is None:
        return []
    rows = await repository.half_months(work.session, work.scope, *period, settled_at(period[1]))
    return rules.withheld(rows)


async def list_referrals(work: Work, asked: Asked, state: str) -> Found:
    """Referrals that wait for the police, without identities."""
    return await find_rows(work, repository.REFERRALS, asked, repository.referrals_in(work.scope, state), {"state": state})


async def read_referral(work: Work, referral_id: UUID) -> ScreeningReferral:
    """One referral, without the identity. Raises ReferralNotFound."""
    referral = await repository.referral(work.session, referral_id)
    policy.may_open(work.principal, referral)
    if referral is None:
        raise ReferralNotFound
    await work.note("referral.read", "screening_referral", referral.id)
    return referral


async def open_identity(work: Work, referral_id: UUID) -> str:
    """The identity: opening it is an act of its own and is audited. Raises ReferralNotFound, ReferralClosed when it was erased."""
    referral = await repository.referral(work.session, referral_id)
    policy.may_open(work.principal, referral)
    if referral is None:
        raise ReferralNotFound
    if referral.identity_sealed is None:
        raise ReferralClosed
    await work.note("referral.open_identity", "screening_referral", referral.id)
    return work.sealer.open(referral.identity_sealed, "screening_referral", "identity", str(referral.id))


async def record_outcome(work: Work, referral_id: UUID, new: Outcome, if_match: str | None) -> ScreeningReferral:
    """The outcome of the police's own test; after a negative the identity is erased at once.

    Raises ReferralNotFound, StaleVersion, StepNotAllowed, Invalid.
    """
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
    version = referral.version
    for event in events:
        await _take(work, referral, event, new.outcome_on)
    if referral.state == "erased":
        referral.identity_sealed = None
    referral.version = version + 1  # one request raises the version once, although erasing a cleared identity is a step of its own
    referral.police_case_no, referral.outcome_on = new.police_case_no, new.outcome_on
    await work.session.flush()
    return referral


async def _take(work: Work, referral: ScreeningReferral, event: str, day: date) -> None:
    noted = ("screening_referral", referral.id, "referral")
    await take(work, rules.REFERRAL, referral, event, ReferralStep, noted=noted, on=day, more={"referral_id": referral.id})
