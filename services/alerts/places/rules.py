"""Words of places. Pure."""

from __future__ import annotations

from typing import Literal, get_args

OccasionKind = Literal["station_group_activity", "training", "fair", "temple_fair", "wedding", "funeral", "meeting", "other"]
OCCASIONS: tuple[OccasionKind, ...] = get_args(OccasionKind)


PlaceKind = Literal["seat", "station", "clinic", "hospital", "market", "bus", "school", "worship", "office", "work", "other"]
KINDS: tuple[PlaceKind, ...] = get_args(PlaceKind)
