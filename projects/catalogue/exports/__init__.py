"""The public catalogue in other formats: DCAT-AP 3, Data Package 2, schema.org. Only what is public goes in."""
