"""The arithmetic of orders: reading what is told, matching what comes back, and the answers. Pure."""
