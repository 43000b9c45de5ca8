"""Per-project extracts: pseudonyms, what may go in, and the signed manifest."""
