"""The web page that `sigmasight serve` shows at `/`: static files, which read the API like any client."""
