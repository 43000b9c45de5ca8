"""What a twin would disclose of the records that it was made after; looked for on the two files, not by the method."""
