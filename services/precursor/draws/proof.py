"""What is shown of draws: the announcement and the proof that an outsider recomputes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kit.work import Work
from services.precursor.draws import policy, repository, rules
from services.precursor.draws.replacing import replacements_of
from services.precursor.draws.schemas import Attempt, DrawAnswer, Proof
from services.precursor.draws.service import read_draw, secret_of
from services.precursor.draws.tables import Draw


async def announcements(work: Work, draws: Sequence[Draw]) -> list[DrawAnswer]:
    """Draws with their digests and commitments; before the reveal nothing of the secret."""
    directories, commitments, reveals = await repository.parts_of(work.session, [draw.id for draw in draws])
    answers: list[DrawAnswer] = []
    for draw in draws:
        directory, commitment, reveal = directories[draw.id], commitments.get(draw.id), reveals.get(draw.id)
        values: dict[str, Any] = {name: getattr(draw, name) for name in DrawAnswer.model_fields if hasattr(draw, name)}
        answers.append(
            DrawAnswer(
                **values,
                objects=len(json.loads(directory.objects)["objects"]),
                inspectors=len(json.loads(directory.inspectors)["inspectors"]),
                objects_digest=directory.objects_digest,
                inspectors_digest=directory.inspectors_digest,
                parameters_digest=directory.parameters_digest,
                directory_digest=directory.directory_digest,
                public_values_known_at=directory.public_values_known_at,
                commitment=commitment.commitment if commitment else None,
                committed_at=commitment.committed_at if commitment else None,
                drawn=len(reveal.result) if reveal else None,
            )
        )
    return answers


async def prove(work: Work, draw_id: UUID) -> Proof:
    """The proof as far as the draw has come. Raises DrawNotFound.

    The secret is shown after the reveal, or when the attempt was given up: then everybody can see what it would have drawn. Until the visits are over
    it is withheld, with all that follows from it, from those who neither plan nor inspect.
    """
    draw = await read_draw(work, draw_id)
    directories, commitments, reveals = await repository.parts_of(work.session, [draw.id])
    directory, commitment, reveal = directories[draw.id], commitments.get(draw.id), reveals.get(draw.id)
    withheld = reveal is not None and not policy.knows_result(work.principal, draw, work.today)
    reveal = None if withheld else reveal
    secret = reveal.secret if reveal else None
    if reveal is None and commitment is not None and draw.state == "set_aside":
        secret = await secret_of(work, draw.id)
    return Proof(
        format="guikang-draw-proof-1",
        algorithm=rules.ALGORITHM,
        draw_id=draw.id,
        title=draw.title,
        state=draw.state,
        objects=json.loads(directory.objects),
        inspectors=json.loads(directory.inspectors),
        parameters=json.loads(directory.parameters),
        digests={
            "objects": directory.objects_digest,
            "inspectors": directory.inspectors_digest,
            "parameters": directory.parameters_digest,
            "directory": directory.directory_digest,
        },
        commitment=commitment.commitment if commitment else None,
        committed_at=commitment.committed_at if commitment else None,
        secret=secret,
        public_values=reveal.public_values if reveal else None,
        public_text=reveal.public_text if reveal else None,
        public_reference=reveal.public_reference if reveal else None,
        seed=reveal.seed if reveal else None,
        revealed_at=reveal.revealed_at if reveal else None,
        result=reveal.result if reveal else None,
        replacements=await replacements_of(work, draw.id) if reveal else [],
        result_withheld=withheld,
        attempts=[
            Attempt(id=item.id, state=item.state, set_aside_reason=item.set_aside_reason, planned_at=item.created_at)
            for item in await repository.chain_of(work.session, draw.id)
        ],
    )
