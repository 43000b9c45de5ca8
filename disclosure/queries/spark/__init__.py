"""Declared statistics on Apache Spark: DuckDB says what SQL means, Spark computes it."""
