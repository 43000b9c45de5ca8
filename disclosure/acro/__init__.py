"""ACRO sessions: what ACRO's ``finalise`` wrote is read, redone and never believed; the same schema is written."""
