"""H3 cells: the functions of `h3.api.basic_int` that this service uses, loaded when the first place is looked at and not at the start of the house."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from h3.api.basic_int import average_hexagon_edge_length, cell_to_parent, grid_disk, int_to_str, latlng_to_cell

    __all__ = ["average_hexagon_edge_length", "cell_to_parent", "grid_disk", "int_to_str", "latlng_to_cell"]


def __getattr__(name: str) -> Any:
    """Load the library once and keep the function here, where the next call finds it without us (PEP 562). Raises AttributeError."""
    if name.startswith("_"):
        raise AttributeError(name)
    found = getattr(import_module("h3.api.basic_int"), name)
    globals()[name] = found
    return found
