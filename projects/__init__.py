"""Who may use which data for what, and what left."""
