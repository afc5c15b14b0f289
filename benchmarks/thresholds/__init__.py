"""What-if questions over logged predictions, beside scikit-learn's curves on the same scores."""
