"""Deliveries looked at before they enter the catalogue, and what the catalogue tells others."""
