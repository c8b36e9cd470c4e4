"""The precursor service's settings, read by whoever calls `create_app`."""

from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class PrecursorSettings(ServiceSettings):
    """Environment prefix GUIKANG_PRECURSOR_."""

    model_config = SettingsConfigDict(env_prefix="GUIKANG_PRECURSOR_", extra="ignore", frozen=True)
