"""Live records, in order and anchored: shards, lineage, reader."""
