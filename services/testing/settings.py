"""Testing's settings, read by whoever calls `create_app`."""

from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class TestingSettings(ServiceSettings):
    """Environment prefix GUIKANG_TESTING_."""

    model_config = SettingsConfigDict(env_prefix="GUIKANG_TESTING_", extra="ignore", frozen=True)
