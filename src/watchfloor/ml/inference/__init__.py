"""What serves now: scores, their intervals, what explains them, and whether they still fit."""
