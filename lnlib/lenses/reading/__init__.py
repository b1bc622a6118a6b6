"""What the tables of the lenses say: matrices, whether they agree, profiles, one pair at a time."""
