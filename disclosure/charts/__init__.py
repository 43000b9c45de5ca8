"""Pictures of judged tables. What is drawn is what leaves, number by number; nothing else is at hand here."""
