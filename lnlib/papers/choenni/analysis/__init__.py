"""What the tables say: measures, and the claims they are for."""
