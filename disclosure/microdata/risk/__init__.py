"""Risk of records: who stands out in a sample, and how likely it is to be the person it seems to be."""
