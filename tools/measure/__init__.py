"""The figures of docs/measured: measured by hand, written by the run that measured them."""
