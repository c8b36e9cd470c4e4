"""What the registry says about its ledgers (kit.intake): words, keys, codes, checking, taking over."""

from __future__ import annotations

from pathlib import Path

from kit.intake import Intake
from kit.roles import Role
from kit.sheets import Place
from kit.work import Work
from services.registry.divisions import repository as divisions
from services.registry.ledgers import matching, repository, takeover
from services.registry.ledgers.rules import MEASURE_RUNS, MEASURE_RUNS_MESSAGE
from services.registry.ledgers.tables import TABLES

MESSAGES = {
    matching.PERSON_UNKNOWN: ("此人不在登记册中,须先登记", "This person is not in the register; register them first"),
    matching.NAME_DIFFERS: ("姓名与登记册中此证件号码的姓名不同", "The name differs from the one registered with this number"),
    MEASURE_RUNS: MEASURE_RUNS_MESSAGE,
    matching.STATUS_CONTRADICTS: (
        "登记册中此人已死亡、移交或系误登",
        "The register has this person as dead, handed over, or entered by mistake",
    ),
}


async def places(work: Work) -> tuple[Place, ...]:
    """Divisions by the names people use; a village of a service centre lies below both."""
    return tuple(
        Place(d.code, d.name, d.level, tuple(filter(None, (d.parent_code, d.service_centre_code))), tuple(d.aliases))
        for d in await divisions.places(work.session)
    )


INTAKE = Intake(
    tables=TABLES,
    words=Path(__file__).with_name("words.toml"),
    prefix="/registry/v1/ledger-imports",
    roles=(Role.COUNTY_OFFICER, Role.TOWN_OFFICER),
    everything=Role.COUNTY_OFFICER,
    key_fields=("id_no",),
    key_purpose="id_number",
    check=matching.check,
    take_over=takeover.take_over,
    carry=matching.carry,
    concealed=repository.concealed,
    places=places,
    masks={"id_no": (6, 2), "phone": (3, 2), "address": (3, 0), "birth": (4, 0)},
    messages=MESSAGES,
    holding=frozenset(MESSAGES),
)
