"""Everything released before, and what a new release would give away beside it."""
