"""Linkage: which records of several datasets are of the same person, household or business, and how sure that is."""
