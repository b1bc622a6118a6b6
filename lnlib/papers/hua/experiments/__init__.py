"""What is run: pre-training, transfer, and each of them measured into the tables of a scale."""
