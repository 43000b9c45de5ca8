"""The instance's signing keys over time: how one takes the place of another, and what the ended ones still prove."""
