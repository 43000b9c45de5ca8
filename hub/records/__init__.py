"""Reports on records for their data owner, as pages that need nothing else: no script, no address, no other file.

They show frequencies, means and densities of the records as they were, and are for the data owner alone.
"""
