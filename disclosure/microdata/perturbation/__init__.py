"""Methods that change the values of records: microaggregation, PRAM, swapping, noise and shuffling.

Words used throughout:

- *group*: at least k records that get one value together (microaggregation);
- *information loss*: the share of the spread that grouping takes away, 100 SSE / SST, in percent;
- *transition matrix*: row i tells with which probabilities category i is published as each category (PRAM);
  *invariant* when the expected frequencies of the categories stay as they are;
- *partner*: the record or household with which values are swapped;
- *stratum*: records among which a method stays, such as those of one region.

Every method takes the `numpy.random.Generator` it draws from: the same generator and the same records give the same
result. None of them changes a column that was not named to it.
"""
