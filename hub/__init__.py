"""Where people meet Saferoom: JupyterHub, sandboxed rooms, the airlock web application, client, commands, storage."""
