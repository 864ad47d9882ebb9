"""The other side of the wire: CAs played on this machine, faithfully, for any client to be tested against.

Neutral rooms: `server` speaks HTTP on raw sockets, `door` takes a CA call from its arrival to its answer,
`faults` make it go wrong, `management` is the test's own door, `ca` signs, `ledger` counts what was bought,
`state` remembers, `clock` and `agenda` keep time, `dns` and `validators` look at what a client published.
A CA is a folder (`digicert/`) that keeps the promises of `playing.PlayedCA`; `serving.PLAYED` lists them.
"""
