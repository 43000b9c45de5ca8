"""Comparisons with peers: the same work, in the same run, each contestant in a fresh process."""
