"""Rules that several statbarns share; each takes evidence and limits and returns findings."""
