"""What the law says about measures: words, declared transitions, guards, terms, duties, monitoring. Pure: standard library and given days only."""

from kit.steps.machine import NotDeclared
from services.registry.measures.rules.decisions import Decision, check, check_order, decide, first_changes

__all__ = ["Decision", "NotDeclared", "check", "check_order", "decide", "first_changes"]
