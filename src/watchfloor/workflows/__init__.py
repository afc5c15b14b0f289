"""One file a story, read top to bottom. A workflow calls rooms, never another workflow."""
