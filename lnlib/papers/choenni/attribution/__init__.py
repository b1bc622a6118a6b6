"""Which training examples a prediction leans on: gradients per example, and their products."""
