"""The night of many models: sizes, p-values and permutations, beside scipy on raw values."""
