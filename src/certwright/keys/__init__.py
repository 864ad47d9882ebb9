"""Private keys: ``software`` keeps them sealed in our store, ``pkcs11`` leaves them in their token."""
