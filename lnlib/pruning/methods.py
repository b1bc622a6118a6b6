"""How a mask can be found: the names that records and tables use."""

WITHOUT_DATA = ("random", "magnitude")  # made from the encoder alone, not searched
CRITERIA = ("magnitude", "change", "fisher")  # what a search ranks weights by
# A search by magnitude is a "ticket"; "magnitude" by itself is the one-shot mask of the encoder.
METHODS = ("ticket", *WITHOUT_DATA, "shuffled", *CRITERIA[1:])
