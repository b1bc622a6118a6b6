"""What readers play with: the overlap explorer and the exercises."""
