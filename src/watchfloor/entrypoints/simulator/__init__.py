"""
A door that stands in for the outside: guards who check in, honestly and not, from one seed.

Nothing here is an observed rate. Facts behind the shape of the distributions are few and weak,
so every number is a choice kept in `config`. The latent truth leaves this package only as its
own object, never inside an event.
"""
