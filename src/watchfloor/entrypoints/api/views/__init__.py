"""Routes: parse, call one workflow or read one list, answer."""
