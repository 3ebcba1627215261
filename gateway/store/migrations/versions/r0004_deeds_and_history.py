"""Shares that replace, correct and withdraw; their history; studies that are looked at again."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_AT_ONCE = 1000


def upgrade() -> None:
    for name, default in (("deed", "publish"), ("target", ""), ("study_uid", "")):
        op.add_column("shares", sa.Column(name, sa.Text(), nullable=False, server_default=default))
    op.add_column("shares", sa.Column("awaits", sa.Text(), nullable=False, server_default=""))
    op.add_column("shares", sa.Column("behind", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("shares", sa.Column("overrides", sa.Text(), nullable=False, server_default=""))
    op.create_index("shares_target", "shares", ["target"])
    op.create_index("shares_awaits", "shares", ["awaits"])
    op.add_column("reports", sa.Column("kind", sa.Text(), nullable=False, server_default="report"))
    op.add_column("reports", sa.Column("replaces", sa.Text(), nullable=False, server_default=""))
    _create_identities()
    op.add_column("manifests", sa.Column("replaces", sa.Text(), nullable=False, server_default=""))
    op.create_index("manifests_study", "manifests", ["study_uid"])
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "share_steps",
        sa.Column("share_id", sa.Text(), sa.ForeignKey("shares.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("happening", "state", "reason", "facts", "actor")),
    )
    op.create_table(
        "watches",
        sa.Column("site", sa.Text(), primary_key=True),
        sa.Column("study_uid", sa.Text(), primary_key=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("due_at", moment),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("lost", sa.Text(), nullable=False),
    )
    op.create_index("watches_due_at", "watches", ["due_at"])


def _create_identities() -> None:
    digest = sa.String(64)
    report = sa.ForeignKey("reports.id", ondelete="CASCADE")
    op.create_table(
        "report_patients",
        sa.Column("report_id", sa.Text(), report, primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("key", digest, nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text()),
    )
    op.create_index("report_patients_key", "report_patients", ["key"])
    _name_patients()
    op.create_table(
        "identities",
        sa.Column("key", digest, primary_key=True),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text()),
        sa.Column("into", sa.Text(), nullable=False),
        sa.Column("merged", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )


def _name_patients() -> None:
    """What is known of the patients of earlier reports: one identifier each (``id^^^&root&ISO``)."""
    connection = op.get_bind()
    reports = sa.table("reports", sa.column("id"), sa.column("patient_cx"))
    columns = ("report_id", "position", "key", "root", "extension")
    patients = sa.table("report_patients", *map(sa.column, columns))
    after = ""
    while rows := connection.execute(
        sa.select(reports).where(reports.c.id > after).order_by(reports.c.id).limit(_AT_ONCE)
    ).all():
        after = rows[-1].id
        named = []
        for row in rows:
            extension, _, issuer = row.patient_cx.partition("^^^&")
            root = issuer.partition("&")[0]
            if root:
                key = hashlib.sha256(json.dumps(["patient", root, extension]).encode("ascii")).hexdigest()
                named.append(dict(zip(columns, (row.id, 0, key, root, extension), strict=True)))
        if named:
            connection.execute(sa.insert(patients), named)


def downgrade() -> None:
    op.drop_table("identities")
    op.drop_table("report_patients")
    for name in ("replaces", "kind"):
        op.drop_column("reports", name)
    op.drop_table("watches")
    op.drop_table("share_steps")
    op.drop_index("manifests_study", "manifests")
    op.drop_column("manifests", "replaces")
    op.drop_index("shares_awaits", "shares")
    op.drop_index("shares_target", "shares")
    for name in ("overrides", "behind", "awaits", "study_uid", "target", "deed"):
        op.drop_column("shares", name)
