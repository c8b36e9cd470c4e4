"""The forms in which a bulletin is printed."""

from __future__ import annotations

from typing import Literal

Form = Literal["pdf", "xlsx"]
MEDIA: dict[Form, str] = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
