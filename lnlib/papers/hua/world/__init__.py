"""The world: boards and their rules, random games, the languages they are written in."""
