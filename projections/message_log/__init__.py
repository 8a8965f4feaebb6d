"""The message log: what was said on the wire, question and answer side by side."""
