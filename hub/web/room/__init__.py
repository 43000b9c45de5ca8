"""What rooms ask the airlock: evaluations, files, snapshots and requests."""
