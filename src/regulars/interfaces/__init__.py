"""How the world comes in: HTTP API, console, imports."""
