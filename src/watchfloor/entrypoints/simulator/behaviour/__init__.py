"""What happens: the day's conditions, honest shifts, and how a fraud changes what is seen."""
