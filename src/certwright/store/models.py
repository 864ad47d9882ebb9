"""The tables. Words and their meanings are those of docs/glossary.md; values are turned into ``model`` types in
``rows.py`` and nothing outside this room sees a row."""

from __future__ import annotations

from django.db import models

_NAME = 200
_WORD = 32


def _known(column: str) -> models.Q:
    """The rows in which a text is known."""
    return ~models.Q(**{column: ""})


class CAAccount(models.Model):
    """An authority we can order from: our credential there."""

    name = models.CharField(max_length=_NAME, unique=True)
    ca = models.CharField(max_length=_WORD)
    url = models.CharField(max_length=500, blank=True)
    settings = models.JSONField(default=dict)
    secrets = models.BinaryField()  # sealed JSON: field to value
    reference = models.CharField(max_length=_NAME, blank=True)
    read_only = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    paused_because = models.TextField(blank=True)
    quiet_until = models.DateTimeField(null=True)
    quiet_because = models.TextField(blank=True)
    failures = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    login = models.JSONField(default=dict)  # what the CA last said of the credential
    import_cursor = models.TextField(blank=True)  # where an unfinished import of its orders goes on
    import_number = models.IntegerField(default=0)  # counts the complete listings of its orders that were begun

    class Meta:
        db_table = "ca_account"


class Sync(models.Model):
    """When one list of a CA account was last read, and why it could not be since."""

    account = models.ForeignKey(CAAccount, models.CASCADE, related_name="syncs")
    listing = models.CharField(max_length=_WORD)
    tried_at = models.DateTimeField()
    synced_at = models.DateTimeField(null=True)
    listed = models.IntegerField(default=0)
    trouble = models.TextField(blank=True)

    class Meta:
        db_table = "sync"
        constraints = (models.UniqueConstraint("account", "listing", name="sync_once"),)


class Listed(models.Model):
    """Something a CA account has, as last seen there: marked, not deleted, when the CA no longer lists it."""

    ca_id = models.CharField(max_length=_NAME)
    name = models.CharField(max_length=_NAME)
    seen_at = models.DateTimeField()
    vanished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Organization(Listed):
    """An organization at a CA account. See ``model.ca.Organization``."""

    account = models.ForeignKey(CAAccount, models.CASCADE, related_name="organizations")
    active = models.BooleanField()
    status = models.CharField(max_length=_NAME, blank=True)

    class Meta:
        db_table = "organization"
        constraints = (models.UniqueConstraint("account", "ca_id", name="organization_once"),)


class Product(Listed):
    """A product a CA account may order. See ``model.ca.Product``."""

    account = models.ForeignKey(CAAccount, models.CASCADE, related_name="products")
    validation = models.CharField(max_length=_WORD, blank=True)
    kind = models.CharField(max_length=_WORD, blank=True)
    years = models.JSONField(default=list)
    public_trust = models.BooleanField()
    organization_required = models.BooleanField()

    class Meta:
        db_table = "product"
        constraints = (models.UniqueConstraint("account", "ca_id", name="product_once"),)


class CAGroup(Listed):
    """A division of a CA account. See ``model.ca.Group``."""

    account = models.ForeignKey(CAAccount, models.CASCADE, related_name="groups")
    default = models.BooleanField(default=False)
    balance = models.CharField(max_length=_NAME, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        db_table = "ca_group"
        constraints = (models.UniqueConstraint("account", "ca_id", name="ca_group_once"),)


class Domain(Listed):
    """A domain of a CA account. See ``model.ca.Domain``."""

    account = models.ForeignKey(CAAccount, models.CASCADE, related_name="domains")
    proven = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    organization = models.CharField(max_length=_NAME, blank=True)
    method = models.CharField(max_length=_NAME, blank=True)
    status = models.CharField(max_length=_NAME, blank=True)
    proven_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "domain"
        constraints = (models.UniqueConstraint("account", "ca_id", name="domain_once"),)
        indexes = (models.Index(fields=("name",), name="domain_name"),)


class Key(models.Model):
    """A key, made or about to be made; ``sealed`` is its envelope when it is a software key."""

    kind = models.CharField(max_length=_WORD)
    spec = models.CharField(max_length=_WORD, blank=True)
    token = models.CharField(max_length=_NAME, blank=True)
    cka_id = models.CharField(max_length=64, blank=True)
    label = models.CharField(max_length=_NAME, blank=True)
    public_key_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    sealed = models.BinaryField(default=b"")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "key"


class CSR(models.Model):
    """A CSR that was made here, to be ordered with later."""

    key = models.ForeignKey(Key, models.PROTECT, related_name="csrs")
    names = models.JSONField()
    common_name = models.CharField(max_length=_NAME, blank=True)
    der = models.BinaryField()
    sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "csr"


class Issuer(models.Model):
    """The name of an issuer, kept once for all its certificates."""

    name = models.TextField(unique=True)  # RFC 4514
    common_name = models.CharField(max_length=_NAME, blank=True)

    class Meta:
        db_table = "issuer"


_LEAF = models.Q(is_leaf=True)
# What lists are filtered by: columns of the indexes that lists are walked in.
FILTERED = (
    "state", "account", "issuer", "validation", "key_spec", "severity", "organization", "owner", "product",
)  # fmt: skip


class Certificate(models.Model):
    """A certificate, known by the SHA-256 of its DER.

    What the certificate itself says is read from its DER, down to its key; the rest is known from elsewhere. Lists
    read these columns alone: the bytes are in a table of their own. ``sql/`` counts rows into ``rollup`` by triggers
    and indexes the names for search.
    """

    fingerprint = models.CharField(max_length=64, unique=True)
    serial = models.CharField(max_length=64)
    issuer = models.ForeignKey(Issuer, models.PROTECT, db_index=False)
    common_name = models.CharField(max_length=_NAME, blank=True)
    names = models.TextField(blank=True)  # the SANs, separated by spaces
    organization = models.CharField(max_length=_NAME, blank=True)
    validation = models.CharField(max_length=_WORD, blank=True)
    key_spec = models.CharField(max_length=_WORD, blank=True)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    public_key_sha256 = models.CharField(max_length=64)
    is_leaf = models.BooleanField()  # no CA certificate, or a server shows it as its own, or its key lies beside

    chain = models.JSONField(default=list)  # fingerprints of its intermediates, the issuer first
    state = models.CharField(max_length=_WORD)
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.CharField(max_length=_WORD, blank=True)
    account = models.ForeignKey(CAAccount, models.SET_NULL, null=True, db_index=False)
    ca_order_id = models.CharField(max_length=_NAME, blank=True)
    ca_certificate_id = models.CharField(max_length=_NAME, blank=True)
    product = models.CharField(max_length=_NAME, blank=True)
    key = models.ForeignKey(Key, models.PROTECT, null=True, db_index=False)
    replaces = models.ForeignKey("self", models.SET_NULL, null=True, related_name="replaced_by", db_index=False)
    owner = models.CharField(max_length=_NAME, blank=True)
    fields = models.JSONField(default=dict)  # custom fields, by name
    severity = models.SmallIntegerField(default=0)  # of its worst open finding: 0 none, 1 notice, 2 warning, 3 error
    judged_at = models.DateTimeField(null=True)  # by the quick rules
    linted_at = models.DateTimeField(null=True)  # by those that take long
    revocation_asked_at = models.DateTimeField(null=True)  # when its issuer was last asked
    revocation_told_at = models.DateTimeField(null=True)  # and when it last told whether it is revoked
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "certificate"
        # The first two have the orders of lists, and what lists are filtered by. Each other is a filter that few rows
        # may pass, then the usual order. A first import makes them when it is done.
        indexes = (
            models.Index(fields=("not_after", "id", *FILTERED), name="certificate_end", condition=_LEAF),
            models.Index(
                fields=("common_name", "id", "not_after", *FILTERED),
                name="certificate_name",
                condition=_LEAF,
            ),
            models.Index(fields=("recorded_at",), name="certificate_recorded"),
            models.Index(fields=("serial",), name="certificate_serial"),
            models.Index(fields=("public_key_sha256",), name="certificate_public_key"),
            models.Index(fields=("issuer", "not_after", "id", "is_leaf"), name="certificate_issuer"),
            models.Index(fields=("state", "not_after"), name="certificate_state", condition=_LEAF),
            models.Index(fields=("key_spec", "not_after"), name="certificate_key_spec", condition=_LEAF),
            models.Index(fields=("validation", "not_after"), name="certificate_validation", condition=_LEAF),
            models.Index(fields=("organization", "not_after"), name="certificate_organization", condition=_LEAF),
            models.Index(fields=("account", "not_after"), name="certificate_account", condition=_LEAF),
            models.Index(fields=("account", "ca_order_id"), name="certificate_ca_order"),
            models.Index(
                fields=("product", "not_after"), name="certificate_product", condition=_LEAF & _known("product")
            ),
            models.Index(fields=("owner", "not_after"), name="certificate_owner", condition=_LEAF & _known("owner")),
            models.Index(fields=("severity", "not_after"), name="certificate_severity", condition=_LEAF),
            models.Index(fields=("key",), name="certificate_key", condition=models.Q(key__isnull=False)),
            models.Index(fields=("replaces",), name="certificate_replaces", condition=models.Q(replaces__isnull=False)),
            models.Index(fields=("judged_at",), name="certificate_judged"),
            models.Index(fields=("revocation_asked_at",), name="certificate_asked"),
            models.Index(fields=("id",), name="certificate_unlinted", condition=models.Q(linted_at__isnull=True)),
        )


class CertificateBytes(models.Model):
    """The DER of a certificate."""

    certificate = models.OneToOneField(Certificate, models.CASCADE, primary_key=True, related_name="bytes")
    der = models.BinaryField()

    class Meta:
        db_table = "certificate_bytes"


class Tag(models.Model):
    """A word that people put on a certificate."""

    certificate = models.ForeignKey(Certificate, models.CASCADE, related_name="tags")
    tag = models.CharField(max_length=100)

    class Meta:
        db_table = "tag"
        constraints = (models.UniqueConstraint("tag", "certificate", name="tag_once"),)


class Rollup(models.Model):
    """How many leaf certificates end on a day, by CA account (0: of none) and state; kept by triggers."""

    day = models.DateField()
    account = models.BigIntegerField()
    state = models.CharField(max_length=_WORD)
    count = models.BigIntegerField()

    class Meta:
        db_table = "rollup"
        constraints = (models.UniqueConstraint("day", "account", "state", name="rollup_once"),)


class FindingCount(models.Model):
    """How many certificates have an open finding of a rule; kept by triggers."""

    rule = models.CharField(max_length=_NAME, unique=True)
    count = models.BigIntegerField()

    class Meta:
        db_table = "finding_count"


class SlowRules(models.Model):
    """A version of the rules that take long, and of their data, that certificates were asked about."""

    text = models.CharField(max_length=_NAME, unique=True)
    since = models.DateTimeField()

    class Meta:
        db_table = "slow_rules"


class Finding(models.Model):
    """Something that is wrong with a certificate. See ``model.inventory.Finding``."""

    certificate = models.ForeignKey(Certificate, models.CASCADE, related_name="findings")
    rule = models.CharField(max_length=_NAME)
    severity = models.SmallIntegerField()
    detail = models.TextField()
    advice = models.TextField(blank=True)
    source = models.TextField(blank=True)
    found_at = models.DateTimeField()

    class Meta:
        db_table = "finding"
        constraints = (models.UniqueConstraint("certificate", "rule", name="finding_once"),)
        indexes = (models.Index(fields=("rule", "certificate"), name="finding_rule"),)


class Source(models.Model):
    """Where we learn of certificates, and when it is looked at. See ``model.inventory.SourceKind``."""

    name = models.CharField(max_length=_NAME, unique=True)
    kind = models.CharField(max_length=_WORD)
    account = models.OneToOneField(CAAccount, models.CASCADE, null=True, related_name="integration")
    settings = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    every_seconds = models.IntegerField(null=True)  # null: only when somebody says so
    next_run_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)  # in a row
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "source"


class Run(models.Model):
    """One look at a whole source. One that was interrupted goes on behind ``cursor``."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="runs")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=_WORD)
    trouble = models.TextField(blank=True)
    advice = models.TextField(blank=True)
    cursor = models.TextField(blank=True)
    total = models.BigIntegerField(null=True)
    looked = models.BigIntegerField(default=0)
    found = models.BigIntegerField(default=0)
    new = models.BigIntegerField(default=0)
    ca_certificates = models.BigIntegerField(default=0)
    known = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    vanished = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)

    class Meta:
        db_table = "run"


class Sighting(models.Model):
    """A certificate at one place of a source, from when to when it was seen there.

    ``vanished_at`` is when the place was first seen with another one, or with none. ``trouble`` is why the place
    could not be looked at since ``last_seen_at``.
    """

    certificate = models.ForeignKey(Certificate, models.CASCADE, related_name="sightings")
    source = models.ForeignKey(Source, models.CASCADE, related_name="sightings", db_index=False)
    place = models.CharField(max_length=1000)
    address = models.CharField(max_length=64, blank=True)
    protocol = models.CharField(max_length=_WORD, blank=True)
    presented = models.JSONField(default=list)  # fingerprints of what came after the leaf
    has_key = models.BooleanField(default=False)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    vanished_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True)
    found_by = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="finds", db_index=False)
    seen_by = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="+", db_index=False)  # the last time
    missed_by = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="misses", db_index=False)

    class Meta:
        db_table = "sighting"
        constraints = (models.UniqueConstraint("source", "place", "certificate", name="sighting_once"),)
        indexes = (
            models.Index(fields=("found_by",), name="sighting_found"),
            models.Index(fields=("missed_by",), name="sighting_missed", condition=models.Q(missed_by__isnull=False)),
        )


class SavedQuery(models.Model):
    """A query of the inventory that somebody gave a name."""

    name = models.CharField(max_length=_NAME, unique=True)
    query = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "saved_query"


class Leased(models.Model):
    """What a worker advances: when it is due, and under whose lease and fence it is being advanced."""

    next_action_at = models.DateTimeField(null=True)
    watched_until = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class Order(Leased):
    """Our durable record that turns one request into a certificate. See ``model.order.Order`` for the fields."""

    reference = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(CAAccount, models.PROTECT, related_name="orders")
    state = models.CharField(max_length=_WORD, db_index=True)
    step = models.CharField(max_length=_WORD)
    waiting_for = models.CharField(max_length=_WORD, blank=True)
    why = models.TextField(blank=True)
    advice = models.TextField(blank=True)
    trouble = models.CharField(max_length=_WORD, blank=True)
    operation = models.CharField(max_length=_WORD)
    names = models.JSONField()
    common_name = models.CharField(max_length=_NAME)
    product = models.CharField(max_length=_NAME)
    organization = models.CharField(max_length=_NAME, blank=True)
    term = models.CharField(max_length=_WORD, blank=True)
    lifetime_days = models.IntegerField(null=True)
    renewal_of = models.CharField(max_length=_NAME, blank=True)
    inside = models.CharField(max_length=_NAME, blank=True)
    dcv_method = models.CharField(max_length=320, blank=True)
    dcv_methods = models.JSONField(default=dict)  # by name, where one differs
    comment = models.TextField(blank=True)
    options = models.JSONField(default=dict)
    key = models.ForeignKey(Key, models.PROTECT)
    csr = models.BinaryField(default=b"")
    ca_order_id = models.CharField(max_length=_NAME, blank=True)
    ca_certificate_id = models.CharField(max_length=_NAME, blank=True)
    ca_request_id = models.CharField(max_length=_NAME, blank=True)
    dcv_value = models.CharField(max_length=_NAME, blank=True)
    proofs = models.JSONField(default=list)
    requirements = models.JSONField(default=list)
    collected = models.JSONField(default=list)  # DER as base64, until it is in the inventory; kept when it mismatched
    certificate = models.ForeignKey(Certificate, models.PROTECT, null=True, related_name="orders")
    replaces = models.ForeignKey(Certificate, models.SET_NULL, null=True, related_name="successor_orders")
    looks = models.IntegerField(default=0)
    cancel_comment = models.TextField(null=True)
    created_at = models.DateTimeField()
    placed_at = models.DateTimeField(null=True)
    auto_renew = models.CharField(max_length=_WORD, default="off")
    renew_days = models.IntegerField(null=True)
    paid_until = models.DateTimeField(null=True)  # as the CA told it
    renewal_due_at = models.DateTimeField(null=True)  # when its renewal is looked at next; null: never by itself
    renewal_note = models.TextField(blank=True)

    class Meta:
        db_table = "order"
        indexes = (
            models.Index(
                fields=("renewal_due_at",),
                name="order_renewal_due",
                condition=models.Q(renewal_due_at__isnull=False),
            ),
            models.Index(
                fields=("next_action_at",),
                name="order_due",
                condition=models.Q(next_action_at__isnull=False),
            ),
            models.Index(fields=("lease_owner",), name="order_leased", condition=~models.Q(lease_owner="")),
            models.Index(fields=("account", "ca_order_id"), name="order_ca_order"),
        )


class Revocation(Leased):
    """A wish to revoke one certificate, or all of a CA order. See ``model.order.Revocation``."""

    account = models.ForeignKey(CAAccount, models.PROTECT, related_name="revocations")
    order = models.ForeignKey(Order, models.SET_NULL, null=True, related_name="revocations")
    certificate = models.ForeignKey(Certificate, models.PROTECT, null=True, related_name="revocations")
    ca_order_id = models.CharField(max_length=_NAME)
    ca_certificate_id = models.CharField(max_length=_NAME, blank=True)
    whole_order = models.BooleanField(default=False)
    reason = models.CharField(max_length=_WORD)
    comment = models.TextField(blank=True)
    state = models.CharField(max_length=_WORD)
    step = models.CharField(max_length=_WORD)
    ca_request_id = models.CharField(max_length=_NAME, blank=True)
    why = models.TextField(blank=True)
    advice = models.TextField(blank=True)
    trouble = models.CharField(max_length=_WORD, blank=True)
    looks = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "revocation"
        indexes = (
            models.Index(
                fields=("next_action_at",),
                name="revocation_due",
                condition=models.Q(next_action_at__isnull=False),
            ),
            models.Index(fields=("lease_owner",), name="revocation_leased", condition=~models.Q(lease_owner="")),
        )


class OrderEvent(models.Model):
    """One line of the journal of an order or a revocation."""

    order = models.ForeignKey(Order, models.CASCADE, null=True, related_name="events")
    revocation = models.ForeignKey(Revocation, models.CASCADE, null=True, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=_WORD)
    step = models.CharField(max_length=_WORD, blank=True)
    note = models.TextField()

    class Meta:
        db_table = "order_event"


class PurchaseIntent(models.Model):
    """Committed before a call that costs money or cannot be undone; an open one is looked up, never sent again."""

    order = models.ForeignKey(Order, models.CASCADE, null=True, related_name="intents")
    revocation = models.ForeignKey(Revocation, models.CASCADE, null=True, related_name="intents")
    attempt = models.IntegerField()
    reference = models.CharField(max_length=64)
    csr_sha256 = models.CharField(max_length=64, blank=True)
    public_key_sha256 = models.CharField(max_length=64, blank=True)
    marks = models.JSONField(default=list)
    deadline = models.DateTimeField()
    opened_at = models.DateTimeField()
    outcome = models.CharField(max_length=_WORD)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "purchase_intent"
        constraints = (
            models.UniqueConstraint("order", "attempt", name="intent_once_per_order_attempt"),
            models.UniqueConstraint("revocation", "attempt", name="intent_once_per_revocation_attempt"),
        )


class CAOrder(models.Model):
    """A certificate of a CA order as the CA's own list last showed it, also when it was ordered elsewhere.

    See ``model.ca.ReportedOrder`` for the fields.
    """

    account = models.ForeignKey(CAAccount, models.CASCADE, related_name="ca_orders")
    ca_order_id = models.CharField(max_length=_NAME)
    ca_certificate_id = models.CharField(max_length=_NAME, blank=True)
    ca_request_id = models.CharField(max_length=_NAME, blank=True)  # of a draft, which has no order id yet
    base_order_id = models.CharField(max_length=_NAME, blank=True)
    state = models.CharField(max_length=_WORD)
    certificate_state = models.CharField(max_length=_WORD, blank=True)
    product = models.CharField(max_length=_NAME, blank=True)
    names = models.JSONField(default=list)
    common_name = models.CharField(max_length=_NAME, blank=True)
    organization = models.CharField(max_length=_NAME, blank=True)
    serial = models.CharField(max_length=64, blank=True)
    placed_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    not_after = models.DateTimeField(null=True)
    term_ends_at = models.DateTimeField(null=True)
    cost = models.CharField(max_length=_WORD, blank=True)
    why = models.TextField(blank=True)
    validation = models.CharField(max_length=_WORD, blank=True)
    group = models.CharField(max_length=_NAME, blank=True)
    requester = models.CharField(max_length=_NAME, blank=True)
    contacts = models.JSONField(default=list)
    auto_renew = models.CharField(max_length=_NAME, blank=True)
    fields = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    issuer = models.CharField(max_length=_NAME, blank=True)
    duplicates = models.IntegerField(null=True)
    reissues = models.IntegerField(null=True)
    replaces = models.CharField(max_length=_NAME, blank=True)
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.CharField(max_length=_WORD, blank=True)
    detailed_at = models.DateTimeField(null=True)  # when the CA was last asked for this one order
    certificate = models.ForeignKey(Certificate, models.SET_NULL, null=True, related_name="ca_orders")
    first_seen_at = models.DateTimeField(null=True)  # None: before that was kept
    seen_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)  # when what the CA tells of it last was not what it told before
    listed_by = models.IntegerField(default=0)  # the listing (see import_number) that last had its order
    vanished_at = models.DateTimeField(null=True)  # since when complete listings have not had its order

    class Meta:
        db_table = "ca_order"
        constraints = (
            models.UniqueConstraint(
                "account", "ca_order_id", "ca_certificate_id", "ca_request_id", name="ca_order_once"
            ),
        )
        indexes = (
            models.Index(fields=("account", "base_order_id"), name="ca_order_family"),
            models.Index(fields=("serial",), name="ca_order_serial"),
        )


class Target(models.Model):
    """A system we write to: where proofs are published for the names below its domains."""

    name = models.CharField(max_length=_NAME, unique=True)
    kind = models.CharField(max_length=_WORD)
    domains = models.JSONField(default=list)
    settings = models.JSONField(default=dict)
    secrets = models.BinaryField()  # sealed JSON: field to value
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "target"


class Challenge(models.Model):
    """A proof that we publish, or are about to: committed before, so that it is taken away whatever happens."""

    order = models.ForeignKey(Order, models.SET_NULL, null=True, related_name="challenges")
    target = models.ForeignKey(Target, models.PROTECT, related_name="challenges")
    name = models.CharField(max_length=255)
    method = models.CharField(max_length=_WORD)
    where = models.TextField()
    value = models.TextField()
    opened_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True)

    class Meta:
        db_table = "challenge"
        indexes = (
            models.Index(fields=("order",), name="challenge_standing", condition=models.Q(withdrawn_at__isnull=True)),
        )


class Worker(models.Model):
    """A process that advances orders, known to be alive by its heartbeat."""

    name = models.CharField(max_length=64, unique=True)
    process = models.IntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "worker"
