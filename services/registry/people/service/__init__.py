"""Use cases of people: their records (`records`), their names beside ids (`named`) and their registered standings (`standings`)."""

from services.registry.people.service.named import tell_names
from services.registry.people.service.records import (
    amend_person,
    history_of,
    list_people,
    move_person,
    open_identity,
    place_person,
    read_person,
    readable,
    register_person,
    require_care,
    search_filters,
    search_people,
)
from services.registry.people.service.standings import append_standing, record_standing, standings_of, take_back_standing

__all__ = [
    "amend_person",
    "append_standing",
    "history_of",
    "list_people",
    "move_person",
    "open_identity",
    "place_person",
    "read_person",
    "readable",
    "record_standing",
    "register_person",
    "require_care",
    "search_filters",
    "search_people",
    "standings_of",
    "take_back_standing",
    "tell_names",
]
