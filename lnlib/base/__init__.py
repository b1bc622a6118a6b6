"""What knows nothing of the subject: errors, files, seeds, provenance, the hub."""
