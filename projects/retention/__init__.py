"""What is kept for how long, and the signed certificates that it was deleted then."""
