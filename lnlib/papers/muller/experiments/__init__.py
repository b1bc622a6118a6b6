"""What fills the tables."""
