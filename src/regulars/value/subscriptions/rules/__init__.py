"""The rules of paid membership, by concern: calendars, money, plans of a document, codes of gifts."""
