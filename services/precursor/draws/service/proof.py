"""What is shown of draws: the announcement and the proof that an outsider recomputes, with and without an account."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kit.lists import Asked, Found, Rows, find_rows
from kit.steps.taking import next_steps
from kit.work import Work
from services.precursor.draws import policy, repository, rules
from services.precursor.draws.rules.steps import MACHINE
from services.precursor.draws.schemas import DrawAnswer, FrozenSource, PassedOver
from services.precursor.draws.schemas.proof import (
    Attempt,
    ObjectChange,
    OfficerChange,
    PoolCommitment,
    Proof,
    ProofInspectors,
    ProofObjects,
    ProofParameters,
)
from services.precursor.draws.service.attempts import pool_of, read_draw, secret_of
from services.precursor.draws.tables import Draw
from services.precursor.inspections import repository as inspections


async def list_draws(work: Work, listing: Rows, asked: Asked, kind: str | None, state: str | None) -> Found:
    """A page of draws, all attempts, as they are announced to this caller."""
    filters = {"object_kind": kind, "state": state}
    query = repository.announced(kind, state)
    return await find_rows(work, listing, asked, query, filters, shape=lambda row: _announcement(work, row))


async def announcements(work: Work, draws: Sequence[Draw]) -> list[DrawAnswer]:
    """Draws with their digests and commitments; before the reveal nothing of the secret.

    Without an account the note is left out, because it is free text.
    """
    rows = {row[0].id: row for row in await work.session.execute(repository.announced(None, None, [draw.id for draw in draws]))}
    return [_announcement(work, rows[draw.id]) for draw in draws]


def _announcement(work: Work, row: Any) -> DrawAnswer:
    draw, directory, commitment, reveal, entered, visits_left = row
    own = {name for name in DrawAnswer.model_fields if name in Draw.model_fields}
    values: dict[str, Any] = {name: getattr(draw, name) for name in own}
    if not work.principal.roles:
        values["set_aside_note"] = None
    come = policy.Come((entered["by"], entered["staff"]) if entered else None, visits_left)
    blocked = policy.blocked(work.principal, draw, work.now, directory.public_values_known_at, come)
    more = {
        "pool": pool_of(draw),
        "objects": len(json.loads(directory.objects)["objects"]),
        "inspectors": len(json.loads(directory.inspectors)["inspectors"]),
        "objects_digest": directory.objects_digest,
        "inspectors_digest": directory.inspectors_digest,
        "parameters_digest": directory.parameters_digest,
        "directory_digest": directory.directory_digest,
        "public_sources": [FrozenSource.model_validate(source) for source in json.loads(directory.parameters)["public_sources"]],
        "public_values_known_at": directory.public_values_known_at,
        "commitment": commitment.commitment if commitment else None,
        "commitment_number": commitment.number if commitment else None,
        "committed_at": commitment.committed_at if commitment else None,
        "values_entered": entered is not None,
        "drawn": len(reveal.result) if reveal else None,
        "next_steps": next_steps(MACHINE, draw.state, work.principal, blocked) if work.principal.roles else [],
    }
    return DrawAnswer.model_validate({**values, **more})


async def prove(work: Work, draw_id: UUID, *, public: bool = False) -> Proof:
    """The proof as far as the draw has come. Raises DrawNotFound.

    The secret is shown after the reveal, or when the attempt was set aside: then everybody can see what it would have drawn. Until the
    visits are over it is withheld, with all that follows from it, from those who neither plan nor inspect. `public`: certificate numbers,
    which earlier versions froze, are left out; the digest of that document then stands for it.
    """
    draw = await read_draw(work, draw_id)
    directories, commitments, reveals = await repository.parts_of(work.session, [draw.id])
    directory, commitment, reveal = directories[draw.id], commitments.get(draw.id), reveals.get(draw.id)
    withheld = reveal is not None and not policy.knows_result(work.principal, draw, work.today)
    reveal = None if withheld else reveal
    secret = reveal.secret if reveal else None
    if reveal is None and commitment is not None and draw.state == "set_aside":
        secret = await secret_of(work, draw.id)
    officers = json.loads(directory.inspectors)
    redacted = public and any("certificate_no" in entry for entry in officers["inspectors"])
    if redacted:
        officers["inspectors"] = [{"id": entry["id"]} for entry in officers["inspectors"]]
    chain = await repository.chain_of(work.session, draw.id)
    _, promised, _ = await repository.parts_of(work.session, [item.id for item in chain])
    pool = await repository.commitments_of_pool(work.session, pool_of(draw))
    return Proof.model_validate(
        {
            "format": "guikang-draw-proof-2",
            "algorithm": rules.ALGORITHM,
            "draw_id": draw.id,
            "title": draw.title,
            "state": draw.state,
            "pool": pool_of(draw),
            "attempt": draw.attempt,
            "objects": ProofObjects.model_validate_json(directory.objects),
            "inspectors": ProofInspectors.model_validate_json(json.dumps(officers)),
            "parameters": ProofParameters.model_validate_json(directory.parameters),
            "digests": {
                "objects": directory.objects_digest,
                "inspectors": directory.inspectors_digest,
                "parameters": directory.parameters_digest,
                "directory": directory.directory_digest,
            },
            "commitment": commitment.commitment if commitment else None,
            "commitment_number": commitment.number if commitment else None,
            "committed_at": commitment.committed_at if commitment else None,
            "secret": secret,
            "public_values": reveal.public_values if reveal else None,
            "public_text": reveal.public_text if reveal else None,
            "public_reference": reveal.public_reference if reveal else None,
            "seed": reveal.seed if reveal else None,
            "revealed_at": reveal.revealed_at if reveal else None,
            "result": reveal.result if reveal else None,
            "replacements": await _officers_changed(work, draw.id) if reveal else [],
            "object_replacements": await _objects_changed(work, draw.id, reveal.result) if reveal else [],
            "result_withheld": withheld,
            "redacted": redacted,
            "attempts": [
                Attempt(
                    id=item.id,
                    number=item.attempt,
                    state=item.state,  # pyright: ignore[reportArgumentType] - one of the states, as the table's CHECK says
                    set_aside_reason=item.set_aside_reason,  # pyright: ignore[reportArgumentType]
                    set_aside_document=item.set_aside_document,
                    planned_at=item.created_at,
                    commitment=promised[item.id].commitment if item.id in promised else None,
                    commitment_number=promised[item.id].number if item.id in promised else None,
                )
                for item in chain
            ],
            "commitments": [
                PoolCommitment(
                    number=row.number,
                    draw_id=row.draw_id,
                    commitment=row.commitment,
                    committed_at=row.committed_at,
                    state=state,  # pyright: ignore[reportArgumentType]
                )
                for row, state in pool
            ],
        }
    )


async def _officers_changed(work: Work, draw_id: UUID) -> list[OfficerChange]:
    return [
        OfficerChange(
            object=firm_id,
            leaves=row.leaves,
            enters=row.enters,
            ground=row.ground,  # pyright: ignore[reportArgumentType]
            passed_over=[PassedOver.model_validate(item) for item in row.passed_over],
            recorded_at=row.recorded_at,
            signed_at=row.recorded_at if row.signed_by else None,
        )
        for firm_id, row in await inspections.replacements_of_draw(work.session, draw_id)
    ]


async def _objects_changed(work: Work, draw_id: UUID, result: Sequence[dict[str, Any]]) -> list[ObjectChange]:
    strata: dict[str, str] = {line["object"]: line["stratum"] for line in result}
    changes: list[ObjectChange] = []
    for row in await repository.replacements_of(work.session, draw_id):
        if row.kind != "object" or row.signed_at is None or row.state != "signed":
            continue
        stratum = strata[str(row.leaves)]
        if row.enters is not None:
            strata[str(row.enters)] = stratum
        changes.append(
            ObjectChange.model_validate(
                {
                    "stratum": stratum,
                    "leaves": row.leaves,
                    "enters": row.enters,
                    "officers": row.officers,
                    "ground": row.ground,
                    "passed_over": row.passed_over,
                    "recorded_at": row.proposed_at,
                    "signed_at": row.signed_at,
                }
            )
        )
    return changes
