"""Every sentence and label that the service's code says to people, in English, in one place."""
