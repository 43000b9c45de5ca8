"""Synthetic twins: files made up after a file of records, so that code can be written before anybody sees the records.

Words used throughout:

- *twin*: a made-up file with the columns, types and (about) the number of records of a file; its records are nobody's.
- *low fidelity*: every variable is drawn by itself from a safe margin; nothing of how variables go together is kept.
- *medium fidelity*: variables are drawn one after the other, each given those before it, by trees (sequential CART).
- *margin*: what is told of one variable alone: states with their counts, and a histogram for numbers.
- *state*: a value that enough units share, "other", a number of the histogram, or that the value is missing.
- *donor*: a record of a tree's leaf whose state is drawn; *leaf*: records that the tree takes to be alike.
- *safe*: of at least the threshold of statistical units (not of records, where units are named).

The twins of the privacy lane (`saferoom.disclosure.privacy.twin`) are made from the catalogue alone, and tell less.
"""

from saferoom.disclosure.microdata.synthetic.described import Described, Limits, Role, Terms
from saferoom.disclosure.microdata.synthetic.making import low_fidelity, medium_fidelity
from saferoom.disclosure.microdata.synthetic.twin import Fidelity, SyntheticTwin

__all__ = ["Described", "Fidelity", "Limits", "Role", "SyntheticTwin", "Terms", "low_fidelity", "medium_fidelity"]
