"""Public data sets, and what conformal constructions do on them."""
