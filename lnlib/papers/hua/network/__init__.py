"""The network: a GPT-2 that reads games, how it is trained, kept and asked to play."""
