"""What the registry tells kit.intake about its ledgers: words, keys, codes, checking, taking over."""

from __future__ import annotations

from pathlib import Path

from kit.intake import Intake
from kit.roles import Role
from kit.sheets import Place
from kit.work import Work
from services.registry.divisions import repository as divisions
from services.registry.ledgers import matching, repository, takeover
from services.registry.ledgers.rules import CLEAN_TOO_EARLY, CLEAN_TOO_EARLY_MESSAGE, MEASURE_RUNS, MEASURE_RUNS_MESSAGE
from services.registry.ledgers.tables import TABLES

MESSAGES = {
    matching.PERSON_UNKNOWN: (
        "在您可管理的登记册中查无此人,须先登记,或由县禁毒办核实处理",
        "Nobody of your register has this number; register the person first, or let the county office decide",
    ),
    matching.COUNTY_DECIDES: (
        "此行不能凭本台账登记或改动,转县禁毒办核实处理",
        "This ledger can neither register nor change anybody by this row; the county office decides",
    ),
    matching.START_UNKNOWN: (
        "没有写明日期(或只有年月),不推定起止日和期限,请查阅文书后补填",
        "The day is not written (or only its month); no begin, no end and no term is assumed: look it up and fill it in",
    ),
    matching.LETTER_MISSING: (
        "没有移交文号:移交须有接收地的书面接收(戒毒条例第22条)",
        "The number of the letter is missing: a person is handed over with a written acceptance (DRR art. 22)",
    ),
    matching.NAME_DIFFERS: ("姓名与登记册中此证件号码的姓名不同", "The name differs from the one registered with this number"),
    MEASURE_RUNS: MEASURE_RUNS_MESSAGE,
    CLEAN_TOO_EARLY: CLEAN_TOO_EARLY_MESSAGE,
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
    purpose="supervision",
    asks=frozenset({"closed", "deaths", "moved", "measures", "measures_ended", "transfers_out"}),
    open_fields=frozenset({"document_no"}),
    seen=repository.seen,
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
