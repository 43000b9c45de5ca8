"""The life of a project: proposal, data owners' decisions, amendments, pause, close, seal, deletion."""
