"""Systems we write to. Side by side with the CAs, the keys and the store: none of them knows the others."""
