"""Sign-in through an OpenID Connect provider: what it says is verified; what a person may do is not its say."""
