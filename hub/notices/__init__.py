"""E-mail: settings, letters, the way to the mail server, and the loops that send and remind."""
