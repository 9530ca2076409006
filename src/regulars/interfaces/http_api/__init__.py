"""The HTTP API: turn the world's words into ours, and our answers into theirs. No decisions here."""
