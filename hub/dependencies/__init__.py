"""What Saferoom is made of: pinned, locked, licensed, and held against published advisories without a network."""
