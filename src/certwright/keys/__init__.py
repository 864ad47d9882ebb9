"""Private keys: ``software`` keeps them sealed in our store, ``pkcs11`` leaves them in the token that made
them."""
