"""What would make an output safe: variants that the engine itself has judged, and what each costs."""
