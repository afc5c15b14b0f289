"""The door for programs: predictions and outcomes in, the floor and the models out."""
