"""Projects, their members, and what data owners approved for them."""
