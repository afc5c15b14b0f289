"""What goes in and out, field by field; the OpenAPI document is made of these."""
