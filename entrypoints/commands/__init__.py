"""The commands of `zeus`, a file per subject."""
