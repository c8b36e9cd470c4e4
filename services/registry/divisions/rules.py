"""Words of divisions. Pure."""

from __future__ import annotations

from typing import Literal, get_args

Level = Literal["county", "town", "service_centre", "village", "community", "grid", "neighbour"]
LEVELS: tuple[Level, ...] = get_args(Level)
