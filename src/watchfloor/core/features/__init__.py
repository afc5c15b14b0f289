"""One file a model type: features of an event from what was known when it arrived."""
