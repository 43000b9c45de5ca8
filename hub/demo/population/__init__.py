"""The demonstration's linked world: a made-up population and what five departments know about it, from a seed."""
