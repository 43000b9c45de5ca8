"""What a statistic or a record would disclose and how to protect it; pure: values in, verdicts out."""
