"""What CAs send us: hints that something happened. The authenticated poll is the truth."""
