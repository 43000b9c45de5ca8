"""The airlock: the one door out. Requests, who may do what, review by output checkers, and signed releases."""
