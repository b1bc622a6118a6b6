"""What the tables of paper 1 say: gains, nulls, and the measures that claims are judged by."""
