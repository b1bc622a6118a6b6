"""What the tables say: losses by block, measures, and the claims they are for."""
