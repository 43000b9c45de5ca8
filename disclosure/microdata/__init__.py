"""What records would disclose, and how records are protected: risk measures and methods of the sdcTools family.

Words used throughout:

- *key variable*: a column that somebody outside may know of a person (region, age, occupation); a quasi-identifier.
- *key*: the combination of a record's values of the key variables; a *pattern* is a key that occurs, with its counts.
- *missing*: a value that is not told; it may be any value, so a record with a missing value matches many keys.
- *sample frequency* f: records of the sample with that key; *population frequency* F: people of the population.
- *sample unique*: a record with f = 1; *population unique*: with F = 1.
"""
