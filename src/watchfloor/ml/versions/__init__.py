"""Model versions: their bytes, how they are trained, and the registry that says what serves."""
