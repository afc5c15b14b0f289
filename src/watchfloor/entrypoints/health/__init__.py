"""The door for those who watch the watcher: is it alive, is it ready, what does it count."""
