"""What all figures share, and those that know no paper."""
