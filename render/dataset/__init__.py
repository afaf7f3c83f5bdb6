"""A dataset on disk: its shards packed, listed, merged, chosen from, told about."""
