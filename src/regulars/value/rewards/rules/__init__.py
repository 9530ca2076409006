"""Pure rules of rewards: the section of the document, prices, eligibility, limits and what may follow what."""
