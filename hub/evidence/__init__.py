"""What evidence there is that an instance does what is asked of a trusted research environment."""
