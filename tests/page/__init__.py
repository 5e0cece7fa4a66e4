"""The page of a replay in Chromium; it needs neither a bench nor a server."""
