"""The pages on which a tenant is looked after: automation, thresholds, tokens, ML_CONFIG."""
