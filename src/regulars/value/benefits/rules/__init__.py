"""Rules of benefits: the document's sections, and the periods that quotas count in. Pure."""
