"""The operator console: pages rendered on the server, live and usable from the keyboard."""
