"""Sub-networks of a language: attention heads, ranked weights, their controls and unions."""
