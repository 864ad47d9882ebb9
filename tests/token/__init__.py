"""Tests that need a real PKCS#11 module."""  # noqa: A005 - named for what its tests need
