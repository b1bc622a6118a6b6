"""Foroutan et al. (EMNLP 2022): lottery tickets per language and task, moved and compared."""
