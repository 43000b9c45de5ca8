"""JupyterHub as Saferoom runs it: sign-in, rooms, and the proxy in front of them."""
