"""Everything that can be read, one file per resource."""
