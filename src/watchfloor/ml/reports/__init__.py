"""What a model type has come to over a whole stream, for a report."""
