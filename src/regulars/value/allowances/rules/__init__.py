"""Pure rules of offline tills: the signed text, what an upload means, who pays what did not fit."""
