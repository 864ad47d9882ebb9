"""DigiCert's calls that only read: GET, and no path that is not written here (§3-§17).

No GET of DigiCert's is known to change anything. Of the parameters only those are here that choose what is shown.
"""

from __future__ import annotations

from collections.abc import Collection

from certwright.cas.reading import ReadCall

_PAGE = ("limit", "offset", "sort", "filters")
_SHOWN = ("include_validation", "include_dcv")
# Path below services/v2, and its parameters.
_GETS: tuple[tuple[str, Collection[str]], ...] = (
    ("account", ()),
    ("account/metadata", ()),
    ("user", (*_PAGE, "container_id")),
    ("user/{id}", ()),
    ("organization", (*_PAGE, "container_id", "include_validation")),
    ("organization/{id}", ()),
    ("organization/{id}/validation", ()),
    ("container", ()),
    ("container/{id}", ()),
    ("container/{id}/template", ()),
    ("domain", (*_PAGE, *_SHOWN, "container_id")),
    ("domain/{id}", _SHOWN),
    ("domain/{id}/validation", ()),
    ("domain/{id}/dcv/emails", ()),
    ("domain/dcv/method", ()),
    ("domain/validation-type", ()),
    ("product", ("container_id",)),
    ("product/{id}", ("container_id",)),
    ("product/platform-certformat-mapping", ()),
    ("order/certificate", (*_PAGE, "status", "search")),
    ("order/certificate/{id}", ("include_caa_status",)),
    ("order/certificate/status-changes", ("minutes", "seconds", "filters")),
    ("order/certificate/{id}/validation", ()),
    ("order/certificate/{id}/reissue", ()),
    ("order/certificate/{id}/duplicate", ()),
    ("order/alternate/{text}", _PAGE),
    ("request", (*_PAGE, "status")),
    ("request/{id}", ()),
    ("certificate/{id}/download/platform", ()),
    ("certificate/{id}/download/platform/{id}", ()),
    ("certificate/{id}/download/format/{id}", ()),
    ("certificate/download/order/{id}", ("subId", "formatType")),
    ("certificate/download/order/{id}/format/{id}", ()),
    ("certificate/{id}/chain", ()),
    ("certificate/intermediates", ()),
    ("webhook", ()),
    ("webhook/event-logs", (*_PAGE, "webhook_id")),
)
READS = tuple(ReadCall("GET", path, query) for path, query in _GETS)
