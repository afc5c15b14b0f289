"""Who and where: tenants, sites, people, devices, roles and switches."""
