"""Plans of protection: a readable list of steps, run in order on a table of records, whole or not at all."""
