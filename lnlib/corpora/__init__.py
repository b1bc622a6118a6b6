"""Where examples come from: the gazetteer that ships with the package, the hub, a folder."""
