"""May a model be retrained, promoted, kept: gates that answer with a named reason."""
