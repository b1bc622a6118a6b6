"""How alike states are of one game in two languages, and beside what."""
