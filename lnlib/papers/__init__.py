"""One folder a paper: what is its own stands here; what papers share stands in lnlib."""
