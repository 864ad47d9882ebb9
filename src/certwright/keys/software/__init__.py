"""Software keys: made by the operating system's generator, stored only sealed.

``envelope`` seals and opens, ``kek`` keeps the key-encryption keys, ``keys`` makes and reads the keys
themselves. Sealed bytes are handed back to the caller; nothing here stores them.
"""
