"""Tables that leave: rounding, redaction and what an outsider can still work out."""
