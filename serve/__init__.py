"""The service: assessments over HTTP, and a page to try a story on."""
