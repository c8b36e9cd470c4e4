"""Whose an import is, and with whose reach it acts (law 15: who acts through a machine reaches no further than by hand).

An import keeps the roles and the scope of the person who started it. Whoever meets it later must still reach all of that scope: somebody who was moved to
another town loses the imports of the old one. What an import reads, matches and writes passes the owner's policies as `acting`: the person who acts now, with
the reach of who started it, and never with more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit.auth import Principal
from kit.intake.errors import ImportNotFound
from kit.problems import Forbidden


def may_start(principal: Principal) -> None:
    """Raises Forbidden for an account without a town: its import could reach nobody."""
    if not principal.reach.prefixes:
        raise Forbidden("账号没有辖区,不能导入台账", "an account without a scope cannot import a ledger")


def kept_scope(principal: Principal) -> list[str]:
    """The caller's scope as an import keeps it."""
    return list(principal.reach.prefixes)


def may_use(principal: Principal, everything: str, found: Mapping[Any, Any] | None) -> Mapping[Any, Any]:
    """The import, for the office (role `everything`) and for who started it, as far as the caller's present reach holds all of the import's.

    Raises ImportNotFound: a ledger tells who keeps it.
    """
    if found is None or not found["scope"] or not all(principal.covers(prefix) for prefix in found["scope"]):
        raise ImportNotFound
    if principal.has(everything):
        return found
    if found["uploaded_by"] != principal.subject or not principal.roles.issuperset(found["roles"]):
        raise ImportNotFound
    return found


def same_reach(principal: Principal, found: Mapping[Any, Any]) -> bool:
    """Whether an import of this caller would act as that one does."""
    return set(found["scope"]) == set(kept_scope(principal)) and set(found["roles"]) == set(principal.roles)


def acting(found: Mapping[Any, Any], actor: str | None = None) -> Principal:
    """The principal of an import's work: `actor` (else who started it), with the roles and the scope of who started it."""
    return Principal(actor or found["uploaded_by"], "", frozenset(found["roles"]), tuple(found["scope"]))
