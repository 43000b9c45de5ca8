"""Security keys at the hub: registering them after a fresh sign-in, and signing in with them."""
