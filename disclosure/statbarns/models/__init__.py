"""What models are fitted with, and what is looked at before their coefficients may leave."""
