"""What must hold across all: identity, publishing, assurance."""
