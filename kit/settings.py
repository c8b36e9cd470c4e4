"""Settings are arguments: a service's own are read once, by its `create_app`, never at import. What differs between a laptop and a cluster is in `Parts`."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Base of a service's own settings: DEFAULTs of the domain that a county may set by environment, under the service's prefix."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)
