"""The page on which a reader plays: networks small enough to come with it, and how they travel."""
