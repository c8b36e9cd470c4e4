"""The life of an import, once for every service: its states and the steps between them. Pure."""

from __future__ import annotations

from typing import Literal, get_args

from kit.steps.machine import START, Machine, Step, step

State = Literal["queued", "reading", "reported", "committing", "committed", "failed", "discarded"]
STATES: tuple[State, ...] = get_args(State)

_KEEPERS = ("county_officer", "town_officer")
_LISTS = "PIPL art. 46; domain 12"
_KEPT = "PIPL art. 19; domain 12"


def import_machine(column: str) -> Machine[Step]:
    """The machine of a service's imports."""
    return Machine(
        column,
        STATES,
        (
            step("upload", START, "queued", _LISTS, "上传", "upload", roles=_KEEPERS, needs="files"),
            step("begin", "queued reading", "reading", _LISTS, "开始读取", "begin to read"),
            step("read", "reading", "reported", _LISTS, "读取完成", "report what was read"),
            step("refuse", "queued reading", "failed", _LISTS, "读取失败", "refuse the file"),
            step("give_up_reading", "queued reading", "failed", _KEPT, "读取中断", "give up a reading that stopped"),
            step("commit", "reported", "committing committed", _LISTS, "提交入库", "commit", roles=_KEEPERS, duty=True),
            step("finish", "committing", "committed", _LISTS, "入库完成", "finish the commit"),
            step("give_back", "committing", "reported", _LISTS, "入库未成,退回核对", "give back after a commit that failed"),
            step("reread", "reported", "queued", _LISTS, "重新读取", "read again", roles=_KEEPERS),
            step("discard", "queued reading reported failed", "discarded", _KEPT, "作废", "discard", roles=_KEEPERS, needs="reason"),
            step("give_up", "reported", "discarded", _KEPT, "逾期未提交作废", "give up what nobody commits"),
        ),
    )
