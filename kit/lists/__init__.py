"""Lists, once for every noun: a keyset cursor bound to caller, scope, list and filters, `sort`, totals and counts on request, and the same question as
JSON page, NDJSON stream and xlsx workbook, each page noted in the audit trail (API.md section 1).

How a noun uses it:

1. `repository.py` declares the list: a `Rows` over SQLAlchemy, or a `Json` in SQL text for a hot list (Postgres makes the bytes that go to the client).

        DUE = Json("testing.due_test", item=PlanRow, columns="d.id, d.person_id, …", source="testing.due_test d",
                   sorts={"window_to": (Key("d.window_to", "date"), Key("d.id", "uuid"))}, filters={"towns": "d.division_code like any(%(towns)s::text[])", …},
                   counted={"state": "d.state"}, action="plan.list", object_type="person", noted="d.person_id")

2. `api.py` asks: `asked: Annotated[Asked, ask(DUE)]` (limit, cursor, sort, count, format), declares `responses=answers(DUE)`, returns `answer(asked, found)`.
3. `service.py` decides the filters, scope first, and finds: `return await find_json(work, DUE, asked, {"towns": work.scope.towns, "state": state})`, or
   `await find_rows(work, ROUNDS, asked, select(Round).where(work.scope.where(…)), filters={…}, shape=RoundAnswer.model_validate)`. What is made as a whole anyway
   (the history of one thing, an answer that rules compute) is a `Made`: `await find_made(work, STEPS, asked, items)`.

A page shows `limit` rows of `limit + 1` asked, so the last one never promises another. An item that is sorted by more than one key ends with a unique one.
"""

from kit.lists.found import find_json, find_made, find_rows
from kit.lists.listing import Asked, Found, Json, Key, Listed, Listing, Made, Rows, answer, answers, ask

__all__ = [
    "Asked",
    "Found",
    "Json",
    "Key",
    "Listed",
    "Listing",
    "Made",
    "Rows",
    "answer",
    "answers",
    "ask",
    "find_json",
    "find_made",
    "find_rows",
]
