"""Which weights stay: finding, keeping, packing and comparing masks."""
