"""Use cases of subjects."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kit.work import Work
from services.testing.subjects import policy, repository, rules
from services.testing.subjects.errors import NoLegalBasis, SubjectNotFound
from services.testing.subjects.rules import Basis
from services.testing.subjects.tables import Subject


async def subject_to_see(work: Work, person_id: UUID) -> Subject:
    """A person whose tests the caller may see. Raises SubjectNotFound."""
    found = await repository.subject(work.session, person_id)
    policy.may_see(work.principal, found, work.purpose)
    if found is None:
        raise SubjectNotFound
    return found


async def subject_to_test(work: Work, person_id: UUID) -> Subject:
    """A person for whom the caller may arrange or record a test. Raises SubjectNotFound."""
    found = await repository.subject(work.session, person_id)
    policy.may_act_for(work.principal, found)
    if found is None:
        raise SubjectNotFound
    return found


async def require_legal_basis(work: Work, subject: Subject, day: date) -> Basis:
    """The measure that founds a mandatory test of this person on a day. Raises NoLegalBasis naming DTP art. 2."""
    basis = rules.legal_basis(await repository.bases_of(work.session, subject.person_id), subject.standing, day)
    if basis is None:
        raise NoLegalBasis
    return basis
