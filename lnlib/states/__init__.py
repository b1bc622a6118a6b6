"""What hidden states are compared by."""
