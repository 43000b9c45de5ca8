"""The declared statistic: its document, its expression language, and its compilation to SQL."""
