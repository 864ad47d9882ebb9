"""DigiCert CertCentral (Services API v2). A library of its own: no Django, no database, no environment."""

from certwright.cas.digicert.adapter import DigiCert

ADAPTER = DigiCert  # what wiring builds for a CA account of this folder's name; secrets are keyword arguments

__all__ = ["ADAPTER", "DigiCert"]
