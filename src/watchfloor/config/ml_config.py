"""ML_CONFIG as this installation has it: the environment's overrides, then the file's."""

from typing import Any

import yaml

from watchfloor.config.env import Env
from watchfloor.core.errors import InvalidConfiguration
from watchfloor.core.ml_config import ENVIRONMENTS, MLConfig


def ml_config_of(env: Env) -> dict[str, Any]:
    """
    Return every key with the value that this installation gives it.

    Raises:
        InvalidConfiguration: the file is not a mapping, or a key or value does not fit.
    """
    config = MLConfig.from_mapping(ENVIRONMENTS[env.environment])
    if env.ml_config_file is None:
        return config.to_mapping()
    content: Any = yaml.safe_load(env.ml_config_file.read_text())
    if not isinstance(content, dict):
        raise InvalidConfiguration(
            field="WATCHFLOOR_ML_CONFIG_FILE", value=content, expected="a mapping of ML_CONFIG keys"
        )
    return config.override(content).to_mapping()
