"""ML_CONFIG as this installation has it: defaults, the environment's overrides, the file."""

from functools import cache
from typing import Any

import yaml
from django.conf import settings

from watchfloor.core.errors import InvalidConfiguration
from watchfloor.core.ml_config import ENVIRONMENTS, MLConfig


@cache
def installed_ml_config() -> MLConfig:
    """
    Return the configuration before any tenant's overrides.

    Raises:
        InvalidConfiguration: the file is not a mapping, or a key or value does not fit.
    """
    env = settings.ENV
    config = MLConfig.from_mapping(ENVIRONMENTS[env.environment])
    if env.ml_config_file is None:
        return config
    content: Any = yaml.safe_load(env.ml_config_file.read_text())
    if not isinstance(content, dict):
        raise InvalidConfiguration(
            field="WATCHFLOOR_ML_CONFIG_FILE", value=content, expected="a mapping of ML_CONFIG keys"
        )
    return config.override(content)
