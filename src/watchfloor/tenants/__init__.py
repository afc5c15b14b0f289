"""Who and where: tenants, sites, people, devices, roles, switches. Everything else hangs on these."""
