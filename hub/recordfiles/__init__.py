"""Makes record-level files by a data owner's plan, in a sandbox that sees one project's extract and nothing else."""
