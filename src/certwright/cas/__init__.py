"""The CAs we can order from: a folder per CA and the one transport that they share."""
