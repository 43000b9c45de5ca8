"""Differential privacy: noise drawn by OpenDP, and a loss that is computed again from the plan alone."""
