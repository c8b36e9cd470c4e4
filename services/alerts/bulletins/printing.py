"""The forms in which a bulletin is printed."""

from __future__ import annotations

from services.alerts.bulletins.rules import PrintedForm

MEDIA: dict[PrintedForm, str] = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
