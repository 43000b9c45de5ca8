"""Plans by which a data owner lets record-level files leave."""
