"""Use cases of collections: a specimen (`specimens`), what follows its result (`disputes`), and moving its chain on (`steps`)."""

from services.testing.collections.service.disputes import close, fetch_back, object_to, request_lab, show_basis
from services.testing.collections.service.specimens import (
    chain_of,
    collect,
    collections_of,
    list_collections,
    read_collection,
    seal,
    shown,
)

__all__ = [
    "chain_of",
    "close",
    "collect",
    "collections_of",
    "fetch_back",
    "list_collections",
    "object_to",
    "read_collection",
    "request_lab",
    "seal",
    "show_basis",
    "shown",
]
