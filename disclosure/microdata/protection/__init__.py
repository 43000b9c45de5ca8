"""Protection of records: what is made coarser, hidden, or grouped so that nobody stands out."""
