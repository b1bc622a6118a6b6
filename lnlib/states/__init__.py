"""What an encoder's hidden states have in common: between languages, layers, before and after."""
