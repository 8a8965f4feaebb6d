"""What you start: settings, wiring, the server, the command line and the simulator."""
