"""Read by schemathesis in its own process (`SCHEMATHESIS_HOOKS`): who calls. A run is longer than a token lives, so the test keeps a file with one that is good."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import schemathesis

TOKEN_FILE = "GUIKANG_TEST_FUZZ_TOKEN"
"""Names the file; without it nobody is signed in."""


@schemathesis.serializer("application/x-ndjson")
def as_lines(context: Any, value: Any) -> bytes:
    """Lines as they are: the document gives them as text, because one line is not a schema of the whole."""
    del context
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


if TOKEN_FILE in os.environ:

    @schemathesis.auth(refresh_interval=20)
    class Bearer:
        """The token of the file as it is now."""

        def get(self, case: Any, context: Any) -> str:
            """Read it."""
            del case, context
            return Path(os.environ[TOKEN_FILE]).read_text(encoding="utf-8").strip()

        def set(self, case: Any, data: str, context: Any) -> None:
            """Show it."""
            del context
            case.headers["Authorization"] = f"Bearer {data}"
