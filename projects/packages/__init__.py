"""Software that projects may install: wheels that an administrator brought, and a list of what each project may use."""
