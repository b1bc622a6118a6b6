"""One training from the pre-trained weights, with or without a mask, and its score."""
