"""Machines say what can happen; nothing else can."""

from __future__ import annotations

import pytest

from kit.auth import Principal
from kit.citations import Citation
from kit.etags import check_version, tags, unchanged
from kit.problems import Invalid, StaleVersion, VersionRequired
from kit.steps.machine import Machine, NotDeclared, step
from kit.steps.taking import Reason, StepNotAllowed, declared, next_steps

DOOR = Machine(
    "planted.door.state",
    ("shut", "open", "locked", "lost"),
    [
        step("build", "none", "shut", "domain 2.2", "建造", "build"),
        step("open", "shut", "open", "DRR art. 1", "打开", "open", roles=("porter",), needs="hand key"),
        step("shut", "open", "shut", "DRR art. 2", "关上", "shut", roles=("porter", "guest"), deadline="lock_in_time"),
        step("lock", "shut open", "locked", "DRR art. 3", "锁上", "lock", roles=("porter",)),
        step("rust", "locked", "locked", "DRR art. 4", "生锈", "rust"),
    ],
)


def caller(*roles: str) -> Principal:
    """Somebody with these roles."""
    return Principal("someone", "s", frozenset(roles), ("990822",))


def test_only_declared_steps_are_found() -> None:
    assert DOOR.step("shut", "open").target == "open"
    with pytest.raises(NotDeclared):
        DOOR.step("locked", "open")
    with pytest.raises(StepNotAllowed) as refused:
        declared(DOOR, "locked", "open")
    assert "rust" in str(refused.value.detail_en)
    assert DOOR.unreachable() == {"lost"}


@pytest.mark.parametrize(
    "bad",
    [
        step("fly", "shut", "away", "DRR art. 1", "飞", "fly"),
        step("open", "shut", "locked", "DRR art. 1", "打开", "open"),
        step("drop", "", "open", "DRR art. 1", "掉", "drop"),
        step("drop", "open", "open", "", "掉", "drop"),
    ],
)
def test_a_machine_that_contradicts_itself_is_not_built(bad: object) -> None:
    with pytest.raises(ValueError, match=r"planted\.door\.state"):
        Machine(DOOR.column, DOOR.states, [*DOOR.steps, bad])  # type: ignore[list-item]


def test_the_next_steps_say_who_with_what_and_what_stands_in_the_way() -> None:
    rain = Reason(code="rain", zh="下雨", en="it rains")
    mine = {found.event: found for found in next_steps(DOOR, "shut", caller("porter"), {"open": [rain]})}
    assert list(mine) == ["open", "lock"]
    assert (mine["open"].fields, mine["open"].blocked_by, mine["open"].source) == (
        ["hand", "key"],
        [rain],
        Citation(zh="《戒毒条例》第一条", en="DRR art. 1"),
    )
    assert mine["lock"].blocked_by == []
    theirs = next_steps(DOOR, "open", caller("guest"))
    assert [(found.event, [reason.code for reason in found.blocked_by]) for found in theirs] == [("shut", []), ("lock", ["role"])]
    assert theirs[0].deadline == "lock_in_time"
    assert next_steps(DOOR, "locked", caller("porter")) == []


def test_if_match_compares_strongly_and_takes_no_star() -> None:
    check_version('"v3"', 3)
    check_version('"v1", "a,b" , "v3"', 3)
    for stale in ('"v2"', 'W/"v3"', '"V3"'):
        with pytest.raises(StaleVersion):
            check_version(stale, 3)
    for missing in (None, "*", "", "  "):
        with pytest.raises(VersionRequired):
            check_version(missing, 3)
    for malformed in ("v3", '"v3 "', '"v3', '"v3" "v4"', "'v3'", 'w/"v3"'):
        with pytest.raises(Invalid):
            check_version(malformed, 3)


def test_if_none_match_compares_weakly() -> None:
    assert unchanged('W/"x"', '"x"')
    assert unchanged('"y", "x"', '"x"')
    assert unchanged("*", '"x"')
    assert not unchanged('"y"', '"x"')
    assert not unchanged(None, '"x"')
    assert not unchanged("x", '"x"')
    assert tags('W/"a", "b"') == [(True, '"a"'), (False, '"b"')]
