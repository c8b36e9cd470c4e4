"""Use cases of collections: taking and reading a specimen, objecting, sending, closing (`specimens`); moving its chain on (`steps`)."""

from services.testing.collections.service.specimens import (
    chain_of,
    close,
    collect,
    collections_of,
    list_collections,
    object_to,
    read_collection,
    request_lab,
    shown,
)

__all__ = [
    "chain_of",
    "close",
    "collect",
    "collections_of",
    "list_collections",
    "object_to",
    "read_collection",
    "request_lab",
    "shown",
]
