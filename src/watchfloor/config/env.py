"""Everything the environment may say: typed, read once, an unknown key is refused."""

import os
import secrets
import stat
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from watchfloor.core.errors import InvalidConfiguration

PREFIX = "WATCHFLOOR_"
RATE = r"^[1-9]\d{0,6}/(second|minute|hour)$"


class Env(BaseSettings):
    """The settings of one process; each is an environment variable with the prefix WATCHFLOOR_."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    home: Path = Field(
        default=Path("watchfloor-data"),
        description="Directory of the embedded database, artifacts, secret key and logs.",
    )
    environment: Literal["development", "staging", "production"] = Field(
        default="development", description="Selects the ML_CONFIG overrides of that name."
    )
    debug: bool = Field(default=False, description="Error pages with tracebacks; never in use.")
    secret_key: str = Field(
        default="", description="Signing key; made and kept in HOME, mode 0600, when empty."
    )
    allowed_hosts: str = Field(
        default="localhost,127.0.0.1,[::1]", description="Host names answered to, comma-separated."
    )
    database_url: str = Field(
        default="", description="postgres://user:password@host:port/name; SQLite in HOME if empty."
    )
    redis_url: str = Field(
        default="", description="redis://host:port/0 for cache and channels; in memory if empty."
    )
    broker_url: str = Field(
        default="", description="amqp:// or redis:// for Celery; in memory if empty."
    )
    mqtt_url: str = Field(
        default="",
        description="mqtt://user:password@host:port of an MQTT 5 broker; embedded if empty.",
    )
    web_host: str = Field(default="127.0.0.1", description="Address the web server listens on.")
    web_port: int = Field(default=8000, ge=0, le=65535, description="Wanted port; next free one.")
    mqtt_port: int = Field(
        default=1883, ge=0, le=65535, description="Wanted port of the embedded broker."
    )
    api_rate: str = Field(
        default="1200/minute",
        pattern=RATE,
        description="Requests a token or a person may send to the API.",
    )
    ingest_rate: str = Field(
        default="6000/minute",
        pattern=RATE,
        description="Batches a token may send to the HTTP ingest door.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is written."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Structured lines for people or for a collector."
    )
    ml_config_file: Path | None = Field(
        default=None, description="YAML with ML_CONFIG keys that override the defaults."
    )
    data_dir: Path | None = Field(
        default=None, description="Recorded data sets for tests and measurements; no default."
    )

    @property
    def embedded_database(self) -> bool:
        """True when SQLite in HOME is the database."""
        return not self.database_url


def read_env() -> Env:
    """
    Return the settings of this process.

    Raises:
        InvalidConfiguration: a WATCHFLOOR_ variable that nothing reads, or a bad value.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Env.model_fields}
    for key in os.environ:
        if key.startswith(PREFIX) and key not in known:
            raise InvalidConfiguration(
                field=key, value=os.environ[key], expected="no such setting; see the reference"
            )
    return Env()


def secret_key_of(env: Env) -> str:
    """Return the signing key, made once and kept readable by its owner alone."""
    if env.secret_key:
        return env.secret_key
    path = env.home / "secret_key"
    env.home.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()
