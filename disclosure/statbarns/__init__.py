"""One module per statbarn: the evidence it needs and the rules that bite."""
