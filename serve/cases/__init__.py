"""Moderation cases: what became of each story that was held, who did it and when."""
