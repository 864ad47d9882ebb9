"""What other tools kept: certificates with their owners, dates and notes, taken over by reading alone.

One module for each tool, each with ``read(where, ...)`` that yields finds lazily: ``certbot``, ``acme_sh`` and ``lego``
read those clients' folders, ``lemur`` a Lemur database, ``table`` a CSV export of any other tool. None of them runs,
changes or sources anything, and none takes a private key.
"""
