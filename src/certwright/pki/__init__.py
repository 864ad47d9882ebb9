"""X.509 alone: names, keys, CSRs, certificates, chains, verification, weak keys and file formats.

Bytes in, values out. This room does no I/O, knows no CA and imports nothing of Certwright outside itself, so
it can be used as a library. Import the module you need (``from certwright.pki import names``): this file
imports none, because ``names`` alone loads in milliseconds and the rest loads ``cryptography``. Every bad
input ends in :class:`certwright.pki.errors.Invalid`.
"""

import warnings

# Old roots and other people's files bend the rules: a serial of 0, a country of three letters, PKCS#7 in BER.
# We read them without the library's words on stderr; what may be ordered and installed is checked by name.
warnings.filterwarnings("ignore", category=UserWarning, module=r"certwright\.pki\.")
