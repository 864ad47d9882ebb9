"""Systems we write to or look at: DCV proofs, TLS servers, files, revocation lists, what other tools kept."""
