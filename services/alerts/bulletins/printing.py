"""Prints editions, one at a time in a thread, and keeps the last few: the same edition is the same bytes, so a kept one is as good as a new one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Literal

from services.alerts.bulletins.figures import Bulletin
from services.alerts.bulletins.render.pdf import render_pdf
from services.alerts.bulletins.render.xlsx import render_xlsx

Form = Literal["pdf", "xlsx"]
KEPT = 8
MEDIA: dict[Form, str] = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class Prints:
    """The printing press of one process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, Form], bytes] = OrderedDict()
        self._turn = asyncio.Lock()

    async def print(self, bulletin: Bulletin, form: Form) -> bytes:
        """The edition as a file. Raises UnprintableText."""
        key = (bulletin.digest, form)
        async with self._turn:
            if key not in self._kept:
                self._kept[key] = await asyncio.to_thread(render_pdf if form == "pdf" else render_xlsx, bulletin)
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]
