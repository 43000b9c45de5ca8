"""Linked data's zones: who sees names, who sees attributes, and the processes that keep the two apart."""
