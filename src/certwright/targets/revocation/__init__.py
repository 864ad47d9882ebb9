"""Whether certificates are revoked, as their issuers publish it: the CRL first, OCSP where a certificate names one.

``lookup`` answers for many certificates at once, ``lists`` keeps CRLs, ``fetching`` has them fetched where the egress
rules allow it: the URLs stand in certificates that anybody may have made. Sockets are opened in ``pinned`` alone.
"""
