"""Who and what there is: places, people and devices, each drawn from its own stream."""
