"""The file lane: whatever is no declared statistic is opened, screened, and shown to people."""
