"""`watchfloor replay`: a recorded stream drives the workflows by its own clock."""
