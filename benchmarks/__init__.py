"""What is claimed of speed and of reach, held against the peers in the same run."""
