"""Reference rows of the first revision, frozen with it: test schemes and hair cut-offs. Later changes are rows of later revisions or of the county."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa

_NCL = date(2008, 6, 1)
_DRR = date(2011, 6, 26)
_HAIR = date(2018, 10, 31)

# domain.md 3.4: scheme A as reported from Xianyou county, Fujian, 2012 (practice; national law gives no frequency), C is A shortened to the ordered term.
SCHEMES = (
    ("A", "community_treatment", "urine", "", 7, _NCL, "NCL art. 35, DRR art. 19(2); frequency: practice (Xianyou 2012), DEFAULT"),
    ("C", "community_rehabilitation", "urine", "", 7, _DRR, "NCL art. 48 §2, DRR art. 38; frequency as A, DEFAULT"),
)
PHASES = tuple((code, month, step) for code in ("A", "C") for month, step in ((0, 2), (12, 4), (24, 6)))

# HAIR art. 9, in ng/mg.
_TWO_TENTHS = (
    "o6_monoacetylmorphine",
    "morphine",
    "methamphetamine",
    "amphetamine",
    "mda",
    "mdma",
    "ketamine",
    "norketamine",
    "methcathinone",
)
CUTOFFS = (
    *((analyte, Decimal("0.2")) for analyte in _TWO_TENTHS),
    ("cocaine", Decimal("0.5")),
    ("benzoylecgonine", Decimal("0.05")),
    ("thc", Decimal("0.05")),
)


def insert_first_rows(connection: sa.Connection) -> None:
    """Insert the rows; the tables are named here, not imported, because a revision must not change with the code."""
    scheme = sa.table(
        "scheme",
        *(sa.column(name) for name in ("code", "measure_kind", "specimen_type", "division_prefix", "window_days", "valid_from", "source")),
        schema="testing",
    )
    names = [column.name for column in scheme.columns]
    connection.execute(scheme.insert(), [dict(zip(names, row, strict=True)) for row in SCHEMES])
    phase = sa.table("scheme_phase", *(sa.column(name) for name in ("scheme_code", "from_month", "step_half_months")), schema="testing")
    connection.execute(
        phase.insert(), [{"scheme_code": code, "from_month": month, "step_half_months": step} for code, month, step in PHASES]
    )
    cutoff = sa.table("hair_cutoff", *(sa.column(name) for name in ("analyte", "valid_from", "ng_per_mg", "source")), schema="testing")
    connection.execute(
        cutoff.insert(),
        [{"analyte": analyte, "valid_from": _HAIR, "ng_per_mg": value, "source": "HAIR art. 9"} for analyte, value in CUTOFFS],
    )
