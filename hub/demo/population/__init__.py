"""The demonstration's linked world: a made-up population and what six departments know about it, from a seed."""
