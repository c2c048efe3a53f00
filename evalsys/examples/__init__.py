"""The example programme: a made-up city as editable files, and the generators of its records, orders and opinions."""
