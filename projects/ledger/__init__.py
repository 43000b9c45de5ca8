"""Privacy budgets: what differential privacy may cost, and what it has cost."""
