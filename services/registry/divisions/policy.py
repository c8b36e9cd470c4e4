"""Which part of a caller's places a list is asked for."""

from __future__ import annotations

from kit.scope import OutsideScope, Scope


def part_of(scope: Scope, division_code: str | None) -> Scope:
    """The part of a scope that lies in one division, all of it for None; nothing for a division outside: such a list is empty and reveals
    nothing more.
    """
    try:
        return scope.within(division_code)
    except OutsideScope:
        return Scope()
