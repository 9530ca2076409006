"""What the pages of promotions need beside their views: the editor's words and fields, standings, and spending."""
