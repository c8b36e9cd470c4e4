"""What the law says about measures: words, declared transitions, guards, terms, duties, monitoring. Pure: standard library and given days only."""

from services.registry.measures.rules.decisions import Decision, NotDeclared, check_order, decide, first_changes

__all__ = ["Decision", "NotDeclared", "check_order", "decide", "first_changes"]
