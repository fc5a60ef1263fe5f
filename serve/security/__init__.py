"""Who may call the service, how often, and from which pages; the headers on every answer."""
