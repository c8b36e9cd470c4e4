"""The precursor service has no readers of events: it must never know who is under a measure (domain 11.1).

It asks the registry one thing, which divisions there are (deploy.compose.FOLLOWS names whom a service may ask or follow).
"""

from __future__ import annotations

from collections.abc import Mapping

from kit.follow import Readers, Refusals

READERS: Mapping[str, Readers] = {}
REFUSED: Mapping[str, Refusals] = {}
