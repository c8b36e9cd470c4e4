"""The registry's settings, read by whoever calls `create_app`."""

from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class RegistrySettings(ServiceSettings):
    """Environment prefix GUIKANG_REGISTRY_."""

    model_config = SettingsConfigDict(env_prefix="GUIKANG_REGISTRY_", extra="ignore", frozen=True)
