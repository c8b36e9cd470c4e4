"""Code lists that follow from what a service declares about its workbooks: kinds of ledger, and what can be wrong with a cell, a row or a file."""

from __future__ import annotations

from kit.codes import Codes
from kit.intake.intake import OWN_MESSAGES, Intake
from kit.sheets.messages import CELL_MESSAGES, FILE_MESSAGES

UNREAD: Codes = {
    "empty": ("空白工作表", "empty"),
    "hidden": ("隐藏的工作表", "hidden"),
    "not_a_worksheet": ("不是数据表(图表等)", "not a worksheet, e.g. a chart"),
    "no_table": ("没有可识别的表格", "holds no table that is known"),
}


def ledger_codes(intake: Intake) -> dict[str, Codes]:
    """`ledger.kind`, `ledger.problem`, `ledger.file_problem` and `ledger.unread`. The labels of `ledger.field` stand in the service's `codes.csv`."""
    problems = {**CELL_MESSAGES, **FILE_MESSAGES, **intake.words_messages, **OWN_MESSAGES, **intake.messages}
    return {
        "ledger.kind": {name: (kind.zh, kind.en) for name, kind in intake.kinds.items()},
        "ledger.problem": dict(sorted(problems.items())),
        "ledger.file_problem": FILE_MESSAGES,
        "ledger.unread": UNREAD,
    }
