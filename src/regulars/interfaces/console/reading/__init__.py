"""What pages show, gathered from the services of the contexts."""
