"""Three distributors' web shops, as different as real ones, on loopback. They know nothing of the application."""
