"""What fills the tables of the lenses; nothing that a table has is measured twice."""
