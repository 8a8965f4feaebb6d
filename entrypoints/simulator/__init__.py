"""Simulated chargers over real WebSockets: the project's own test instrument and load generator.

An implementation of the charger's side that shares no code with the server's, so that a mistake made
here and one made there cannot cancel out. The core (`charger.py` and what it imports) does no I/O, reads
no clock and draws all chance from a seed; `socket.py` and `member.py` connect it to the world.
"""
