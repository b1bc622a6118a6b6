"""What the tables say: the measures of the claims, and the verdicts."""
