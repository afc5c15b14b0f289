"""Template tag libraries of the console."""
