"""Initial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "airlock_evaluations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("datasets", sa.JSON(), nullable=False),
        sa.Column("route", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seal", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_evaluations")),
    )
    with op.batch_alter_table("airlock_evaluations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_airlock_evaluations_author"), ["author"], unique=False)
        batch_op.create_index(batch_op.f("ix_airlock_evaluations_project"), ["project"], unique=False)

    op.create_table(
        "airlock_project_locks",
        sa.Column("project", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_airlock_project_locks")),
    )
    op.create_table(
        "audit_links",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=True),
        sa.Column("salt", sa.String(), nullable=True),
        sa.Column("payload_digest", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_links")),
        sa.UniqueConstraint("digest", name=op.f("uq_audit_links_digest")),
    )
    with op.batch_alter_table("audit_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_links_actor"), ["actor"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_links_subject"), ["subject"], unique=False)

    op.create_table(
        "credentials_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials_attempts")),
    )
    with op.batch_alter_table("credentials_attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credentials_attempts_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_attempts_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_attempts_source"), ["source"], unique=False)

    op.create_table(
        "people",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("accreditation_expires", sa.Date(), nullable=True),
        sa.Column("training_expires", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_people")),
    )
    op.create_table(
        "platform",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("risk_appetite", sa.JSON(), nullable=False),
        sa.Column("release_route", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform")),
    )
    op.create_table(
        "projects",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("risk_appetite", sa.JSON(), nullable=True),
        sa.Column("release_route", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_projects")),
    )
    op.create_table(
        "airlock_requests",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("context", sa.String(), nullable=False),
        sa.Column("controls", sa.String(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("checkers", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("datasets", sa.JSON(), nullable=False),
        sa.Column("waits_because", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("blocked", sa.String(), nullable=False),
        sa.Column("seal", sa.JSON(), nullable=False),
        sa.Column("release_id", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_seq", sa.Integer(), nullable=True),
        sa.Column("link_digest", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_seq"], ["audit_links.seq"], name=op.f("fk_airlock_requests_link_seq_audit_links")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_requests")),
        sa.UniqueConstraint("release_id", name=op.f("uq_airlock_requests_release_id")),
    )
    with op.batch_alter_table("airlock_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_airlock_requests_author"), ["author"], unique=False)
        batch_op.create_index(batch_op.f("ix_airlock_requests_project"), ["project"], unique=False)
        batch_op.create_index(batch_op.f("ix_airlock_requests_state"), ["state"], unique=False)

    op.create_table(
        "audit_heads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("envelope", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["audit_links.seq"], name=op.f("fk_audit_heads_seq_audit_links")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "credentials",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("totp_secret", sa.String(), nullable=False),
        sa.Column("totp_last_step", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_credentials_username_people")),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_credentials")),
    )
    op.create_table(
        "datasets",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("risk_appetite", sa.JSON(), nullable=False),
        sa.Column("release_route", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["people.username"], name=op.f("fk_datasets_owner_people")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_datasets")),
    )
    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_datasets_owner"), ["owner"], unique=False)

    op.create_table(
        "people_roles",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_people_roles_username_people")),
        sa.PrimaryKeyConstraint("username", "role", name=op.f("pk_people_roles")),
    )
    op.create_table(
        "projects_members",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["projects.slug"], name=op.f("fk_projects_members_project_projects")),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_projects_members_username_people")),
        sa.PrimaryKeyConstraint("project", "username", name=op.f("pk_projects_members")),
    )
    with op.batch_alter_table("projects_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_projects_members_username"), ["username"], unique=False)

    op.create_table(
        "airlock_notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("to", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["airlock_requests.id"], name=op.f("fk_airlock_notices_request_airlock_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_notices")),
    )
    with op.batch_alter_table("airlock_notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_airlock_notices_at"), ["at"], unique=False)

    op.create_table(
        "airlock_outputs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("evaluation", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("judged", sa.String(), nullable=False),
        sa.Column("csv", sa.String(), nullable=False),
        sa.Column("xlsx", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation"], ["airlock_evaluations.id"], name=op.f("fk_airlock_outputs_evaluation_airlock_evaluations")
        ),
        sa.ForeignKeyConstraint(
            ["request"], ["airlock_requests.id"], name=op.f("fk_airlock_outputs_request_airlock_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_outputs")),
        sa.UniqueConstraint("request", "round", "position", name=op.f("uq_airlock_outputs_request")),
    )
    with op.batch_alter_table("airlock_outputs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_airlock_outputs_evaluation"), ["evaluation"], unique=False)

    op.create_table(
        "airlock_releases",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("bundle", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["airlock_requests.id"], name=op.f("fk_airlock_releases_request_airlock_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_releases")),
        sa.UniqueConstraint("request", name=op.f("uq_airlock_releases_request")),
    )
    op.create_table(
        "approvals",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_approvals_dataset_datasets")),
        sa.ForeignKeyConstraint(["granted_by"], ["people.username"], name=op.f("fk_approvals_granted_by_people")),
        sa.ForeignKeyConstraint(["project"], ["projects.slug"], name=op.f("fk_approvals_project_projects")),
        sa.PrimaryKeyConstraint("project", "dataset", name=op.f("pk_approvals")),
    )
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approvals_dataset"), ["dataset"], unique=False)

    op.create_table(
        "datasets_variables",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("column", sa.String(), nullable=True),
        sa.Column("codelist", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_datasets_variables_dataset_datasets")),
        sa.PrimaryKeyConstraint("dataset", "position", name=op.f("pk_datasets_variables")),
    )
    op.create_table(
        "airlock_comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("output", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["output"], ["airlock_outputs.id"], name=op.f("fk_airlock_comments_output_airlock_outputs")
        ),
        sa.ForeignKeyConstraint(
            ["request"], ["airlock_requests.id"], name=op.f("fk_airlock_comments_request_airlock_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_comments")),
    )
    with op.batch_alter_table("airlock_comments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_airlock_comments_request"), ["request"], unique=False)

    op.create_table(
        "airlock_released_cells",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("output", sa.String(), nullable=False),
        sa.Column("judged", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["output"], ["airlock_outputs.id"], name=op.f("fk_airlock_released_cells_output_airlock_outputs")
        ),
        sa.ForeignKeyConstraint(
            ["request"], ["airlock_requests.id"], name=op.f("fk_airlock_released_cells_request_airlock_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_released_cells")),
        sa.UniqueConstraint("output", "dataset", name=op.f("uq_airlock_released_cells_output")),
    )
    with op.batch_alter_table("airlock_released_cells", schema=None) as batch_op:
        batch_op.create_index("ix_airlock_released_cells_lineage", ["project", "dataset"], unique=False)

    op.create_table(
        "airlock_votes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("output", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["output"], ["airlock_outputs.id"], name=op.f("fk_airlock_votes_output_airlock_outputs")
        ),
        sa.ForeignKeyConstraint(
            ["request"], ["airlock_requests.id"], name=op.f("fk_airlock_votes_request_airlock_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_votes")),
    )
    with op.batch_alter_table("airlock_votes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_airlock_votes_request"), ["request"], unique=False)


def downgrade() -> None:
    """Go back."""
    back.drop_tables(*_TABLES)


_TABLES = (
    *("airlock_votes", "airlock_released_cells", "airlock_comments", "datasets_variables", "approvals"),
    *("airlock_releases", "airlock_outputs", "airlock_notices", "projects_members", "people_roles", "datasets"),
    *("credentials", "audit_heads", "airlock_requests", "projects", "platform", "people", "credentials_attempts"),
    *("audit_links", "airlock_project_locks", "airlock_evaluations"),
)
