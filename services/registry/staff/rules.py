"""Words of staff. Pure."""

from __future__ import annotations

from typing import Literal, get_args

StationKind = Literal["station", "demonstration", "remote_office"]
STATION_KINDS: tuple[StationKind, ...] = get_args(StationKind)


Post = Literal["county_officer", "town_officer", "social_worker", "grid_worker", "police_officer", "medic", "family", "volunteer"]
POSTS: tuple[Post, ...] = get_args(Post)
WORKING = frozenset({"county_officer", "town_officer", "social_worker", "police_officer"})
"""Working staff (工作人员), who may confirm what another one found; a grid worker's task is the visit alone (domain 11.1)."""
