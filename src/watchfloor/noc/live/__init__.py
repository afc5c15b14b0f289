"""What open pages were told, and which pages listen."""
