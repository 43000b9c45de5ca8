"""The demonstration's linked project: departments deliver, their records are linked, and a project gets its part."""
