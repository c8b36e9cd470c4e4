"""Readers of neighbours' events: none. The precursor service must never know who is under a measure, so it follows nobody (domain 11.1)."""

from __future__ import annotations

from collections.abc import Mapping

from kit.follow import Readers, Refusals

READERS: Mapping[str, Readers] = {}
REFUSED: Mapping[str, Refusals] = {}
