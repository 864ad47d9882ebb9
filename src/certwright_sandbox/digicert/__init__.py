"""DigiCert CertCentral's Services API v2, as its documents describe it, in every path below /services/v2.

`play` is the CA as the sandbox sees it; `gate` lets a call in; `routes` lists the endpoints, one module for
each subject; `office` holds the records; `issuing` moves an order. What a call refuses is a `Refusal`
(`errors`).
"""
