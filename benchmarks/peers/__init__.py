"""How others do it, each written anew from its description, none copied."""
