"""One module a page: ask the rooms, fill the values, hand them to a template."""
