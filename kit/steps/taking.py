"""Takes a declared step: state, version, history and audit in one place, and tells which steps an object can take next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, Protocol
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field as AnswerField
from sqlmodel import Field, SQLModel

from kit.auth import Principal
from kit.citations import Cited
from kit.codes import Listed
from kit.etags import check_version
from kit.problems import ROLE, FieldError, Problem
from kit.schemas import Answer
from kit.steps.machine import START, Machine, NotDeclared, S, Step
from kit.work import Work


class StepNotAllowed(Problem):
    """The object is not in a state from which this step leads."""

    status = 409
    slug = "step-not-allowed"
    title_zh = "当前状态下不能进行此步骤"
    title_en = "This step is not possible in the present state"


class Stepped(Protocol):
    """A row with a state."""

    id: Any
    state: Any
    version: int
    updated_at: datetime


class History(SQLModel):
    """Columns of a history: one row a step, only ever added to."""

    __table_args__: ClassVar[Any] = ({"info": {"append_only": True}},)

    id: int | None = Field(default=None, sa_type=sa.BigInteger, primary_key=True, sa_column_args=(sa.Identity(),))
    object_id: UUID = Field(index=True)
    event: str = Field(sa_type=sa.Text)
    from_state: str = Field(sa_type=sa.Text)
    to_state: str = Field(sa_type=sa.Text)
    happened_on: date
    source: str = Field(sa_type=sa.Text)
    """The legal source of the step as it was declared when it was taken."""
    reason: str = Field(default="", sa_type=sa.Text)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Taken:
    """What `take` hands to the noun: the declared step, and where it came from."""

    step: Step
    before: str


class Reason(Answer):
    """Why a step cannot be taken now."""

    code: Annotated[str, Listed("field_error")] = AnswerField(description="原因代码 · code of the reason")
    zh: str = AnswerField(description="中文说明 · in Chinese")
    en: str = AnswerField(description="英文说明 · in English")


def declared(machine: Machine[S], state: str, event: str, problem: type[Problem] = StepNotAllowed, kind: str = "") -> S:
    """The declared step. Raises `problem` (StepNotAllowed)."""
    try:
        return machine.step(state, event, kind)
    except NotDeclared as error:
        (zh, en), known = machine.events.get(event, (event, event)), [(step.zh, step.en) for step in machine.open_from(state, kind)]
        can_zh, can_en = ("、".join(f"“{one[0]}”" for one in known) or "无", ", ".join(f"“{one[1]}”" for one in known) or "none")
        raise problem(f"不能“{zh}”;当前可以:{can_zh}", f"“{en}” is not possible now; possible: {can_en}") from error


def refuse(reasons: Sequence[Reason], problem: type[Problem] = StepNotAllowed) -> None:
    """Refuse a step for the reasons that `next_steps` shows of it: the same rule decides both. Raises `problem` unless there is none."""
    if reasons:
        raise problem(errors=[FieldError("", reason.code, reason.zh, reason.en) for reason in reasons])


async def take(
    work: Work,
    machine: Machine[Any],
    row: Stepped,
    event: str,
    history: type[Any] | None,
    *,
    noted: tuple[str, UUID | str, str],
    if_match: str | bool | None = False,
    on: date | None = None,
    reason: str = "",
    problem: type[Problem] = StepNotAllowed,
    more: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
    kind: str = "",
    to: str | None = None,
    past: Step | None = None,
) -> Taken:
    """Take one step with one row, in this transaction.

    `history`: the class of its history rows; columns beside those of `History` come in `more`, which also overrides (where the owner column has another name).
    `noted`: object type, id, and prefix of the audit action. `if_match`: the header; False where no client asked. `to`: the target, where the noun's rules choose it.
    `past`: a step as those rules found it on an earlier day; `to` is what follows today. Raises StepNotAllowed (or `problem`), StaleVersion, VersionRequired.
    """
    if not isinstance(if_match, bool):
        check_version(if_match, row.version)
    taken = Taken(past or declared(machine, row.state, event, problem, kind), row.state)
    if to is not None and past is None and to not in taken.step.targets:
        raise ValueError(f"{machine.column}: {event} does not lead to {to}")
    row.state = to or taken.step.target
    if taken.before != START:  # a row that begins has its first version
        row.version += 1
    row.updated_at = work.now
    work.session.add(row)
    if history is not None:
        if taken.before == START:
            await work.session.flush()  # its history names it
        values: dict[str, Any] = {
            "object_id": row.id,
            "event": event,
            "from_state": taken.before,
            "to_state": row.state,
            "happened_on": on or work.today,
            "source": taken.step.source,
            "legal_source": taken.step.source,
            "reason": reason,
            "recorded_by": work.principal.staff_id or work.principal.subject,
            "recorded_at": work.now,
            **(more or {}),
        }
        columns = history.__table__.columns.keys()
        work.session.add(history(**{name: value for name, value in values.items() if name in columns}))
    await work.session.flush()
    kind, object_id, prefix = noted
    await work.note(f"{prefix}.{event}", kind, object_id, details={"to": row.state, **(details or {})})
    return taken


class NextStep(Answer):
    """A step that leads out of the present state."""

    event: Annotated[str, Listed("next_step.event")] = AnswerField(description="步骤代码 · code of the step")
    zh: str = AnswerField(description="步骤名称 · label in Chinese")
    en: str = AnswerField(description="步骤英文名称 · label in English")
    to: Annotated[str, Listed("next_step.to")] = AnswerField(description="之后的状态 · state afterwards")
    fields: list[str] = AnswerField(description="必填字段;a|b 表示其一 · fields that it needs; of a|b one")
    roles: list[Annotated[str, Listed("role")]] = AnswerField(description="可由谁进行 · who may take it")
    source: Cited = AnswerField(description="法律依据 · legal source")
    paper: Annotated[str, Listed("step.paper")] | Literal[""] = AnswerField(
        description="所依据的文书,无则为空 · the paper that it rests on, or empty"
    )
    deadline: Annotated[str, Listed("step.deadline")] | Literal[""] = AnswerField(
        description="随之开始的期限,无则为空 · the term that begins with it, or empty"
    )
    blocked_by: list[Reason] = AnswerField(description="受阻原因,可进行则为空 · what stands in the way; empty when it can be taken now")


NOT_YOURS = Reason(code=ROLE.code, zh=ROLE.message_zh, en=ROLE.message_en)


def next_steps(
    machine: Machine[Any],
    state: str,
    principal: Principal,
    blocked: Mapping[str, Sequence[Reason]] | None = None,
    *,
    kind: str = "",
    fields: Mapping[str, Sequence[str]] | None = None,
    to: Mapping[str, str] | None = None,
) -> list[NextStep]:
    """What can be done with an object now. Steps that nobody takes by hand are left out.

    `blocked`: event → what the noun's rules say stands in the way; `fields`, `to`: event → what the step needs, where it leads, when that depends on the object.
    """
    return [
        NextStep(
            event=step.event,
            zh=step.zh,
            en=step.en,
            to=to.get(step.event, step.target) if to else step.target,
            fields=list(fields.get(step.event, step.needs) if fields else step.needs),
            roles=sorted(step.roles),
            source=step.source,
            paper=step.document,
            deadline=step.deadline,
            blocked_by=[*([] if principal.has(*step.roles) else [NOT_YOURS]), *(blocked or {}).get(step.event, ())],
        )
        for step in machine.open_from(state, kind)
        if step.roles
    ]
