"""What is predicted: one file a task, from examples to scores."""
