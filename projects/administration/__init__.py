"""What administrators and data owners write down in YAML, and what it would change."""
