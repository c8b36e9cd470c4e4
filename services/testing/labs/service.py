"""Use cases of laboratories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from kit.etags import check_version
from kit.problems import invalid
from kit.work import Work
from services.testing.labs import repository
from services.testing.labs.errors import LabExists, LabNotFound
from services.testing.labs.schemas import LabPatch, NewLab
from services.testing.labs.tables import HairCutoff, Lab


async def list_labs(work: Work) -> Sequence[Lab]:
    """Every laboratory."""
    return await repository.labs(work.session)


async def read_lab(work: Work, lab_id: UUID) -> Lab:
    """One laboratory. Raises LabNotFound."""
    found = await repository.lab(work.session, lab_id)
    if found is None:
        raise LabNotFound
    return found


async def enter_lab(work: Work, new: NewLab) -> Lab:
    """Enter a designated laboratory (DTP art. 4). Raises Invalid, LabExists."""
    _check_dates(new.valid_from, new.valid_to)
    if await repository.lab_by_code(work.session, new.code) is not None:
        raise LabExists
    lab = Lab(**new.model_dump(), created_at=work.now, updated_at=work.now)
    work.session.add(lab)
    await work.session.flush()
    await work.note("lab.enter", "lab", lab.id)
    return lab


async def amend_lab(work: Work, lab_id: UUID, patch: LabPatch, if_match: str | None) -> Lab:
    """Change a laboratory's data or end its designation. Raises LabNotFound, StaleVersion, Invalid."""
    lab = await repository.lab(work.session, lab_id, for_update=True)
    if lab is None:
        raise LabNotFound
    check_version(if_match, lab.version)
    given = patch.model_dump(exclude_unset=True)
    if any(given.get(field, "") is None for field in ("name", "certificate_no")):
        raise invalid("/name", "missing", "必填", "required")
    for field, value in given.items():
        setattr(lab, field, value)
    _check_dates(lab.valid_from, lab.valid_to)
    lab.version += 1
    lab.updated_at = work.now
    await work.session.flush()
    await work.note("lab.amend", "lab", lab.id, details={"fields": sorted(given)})
    return lab


async def hair_cutoffs(work: Work, day: date | None) -> Sequence[HairCutoff]:
    """The hair cut-offs in force on a day (today unless said)."""
    return await repository.hair_cutoffs_on(work.session, day or work.today)


def _check_dates(valid_from: date, valid_to: date | None) -> None:
    if valid_to is not None and valid_to <= valid_from:
        raise invalid("/valid_to", "before_start", "终止日期须晚于起始日期", "must lie after valid_from")
