"""Settings are arguments: read once by `create_app`'s caller, never at import."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What every service needs to run; a service derives its own with its prefix (GUIKANG_REGISTRY_ …)."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database: str = ""
    """libpq conninfo of the service's own login."""
    pool: int = 5
    """Connections of the ORM pool; two cores cannot use more (PERFORMANCE 2)."""
    demo: bool = False
    """Accept ID numbers with the fictitious area codes 99xxxx. Never in production."""
    county: str = "610822"
    """Division code prefix of the county that this deployment serves."""
    log_level: str = "INFO"
