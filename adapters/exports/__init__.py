"""Files for those who work outside: datasets as Parquet for analysts, and the log itself as an archive."""
