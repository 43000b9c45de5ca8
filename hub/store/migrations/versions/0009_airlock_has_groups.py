"""Groups of outputs, sign-offs, claims, statements of withdrawal and samples."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0009"
down_revision = "0008"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    _widen_requests()
    _widen_rounds()
    _fill()
    # Columns are added and dropped in place: other tables point at these, so they cannot be made anew.
    for table in ("airlock_requests", "airlock_rounds"):
        for column in ("context", "controls", "supporting"):
            op.drop_column(table, column)
    _make_records()
    _make_notices()


def downgrade() -> None:
    """Go back."""
    _refuse_what_is_kept()
    _go_back_to_one_group()
    for index in ("queue", "mine", "of_project"):
        op.drop_index(f"ix_airlock_requests_{index}", "airlock_requests")
    op.drop_index(op.f("ix_airlock_rounds_decided_at"), "airlock_rounds")
    widened = {"airlock_requests": _OF_REQUESTS, "airlock_rounds": _OF_ROUNDS, "airlock_outputs": ("group",)}
    widened |= {"airlock_votes": ("seal",), "airlock_comments": ("evaluation", "group")}
    widened |= {"airlock_notices": ("kind", "state")}
    for table in ("airlock_requests_datasets", "airlock_notices_recipients"):
        op.drop_table(table)
    for table, columns in widened.items():
        for column in columns:
            op.drop_column(table, column)


_OF_REQUESTS = (
    *("groups", "draft", "sign_off", "third_asked", "since", "submitted_at", "risk", "lane", "output_count"),
)
_OF_ROUNDS = ("groups", "lane", "automatic", "submitted_at", "decided_at", "decision", "seconds")
_KEPT = {
    "airlock_requests": ("draft", "sign_off", "third_asked"),
    "airlock_rounds": ("decided_at", "decision", "seconds"),
    "airlock_votes": ("seal",),
    "airlock_comments": ("evaluation", "group"),
}
_RECORDS = ("sign_offs", "claims", "advice", "downloads", "withdrawals", "samples", "dropped")


def _refuse_what_is_kept() -> None:
    for table, columns in _KEPT.items():
        for column in columns:
            back.refuse(f"{table}.{column}", back.counted(back.said(table, column)))
    back.refuse("outputs in groups", back.counted('SELECT count(*) FROM airlock_outputs WHERE "group" <> 1'))
    back.refuse("datasets that sign", back.counted("SELECT count(*) FROM airlock_requests_datasets WHERE signs"))
    back.drop_tables(*(f"airlock_{name}" for name in _RECORDS))


def _go_back_to_one_group() -> None:
    """Put what the one group of each request says where it stood."""
    for name in ("airlock_requests", "airlock_rounds"):
        op.add_column(name, sa.Column("context", sa.String(), nullable=False, server_default=""))
        op.add_column(name, sa.Column("controls", sa.String(), nullable=False, server_default=""))
        op.add_column(name, sa.Column("supporting", sa.JSON(), nullable=False, server_default="[]"))
        table = sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())
        rows = op.get_bind().execute(sa.select(table)).mappings().all()
        back.refuse("requests of several groups", sum(len(row["groups"]) > 1 for row in rows))
        for row in rows:
            said = {key: value for group in row["groups"] for key, value in group.items() if key != "name"}
            own = sa.and_(*(column == row[column.name] for column in table.primary_key))
            op.get_bind().execute(table.update().where(own).values(said))


def _widen_requests() -> None:
    for column in (
        sa.Column("groups", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("draft", sa.JSON(), nullable=True),
        sa.Column("sign_off", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("third_asked", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("since", _TIME, nullable=True),
        sa.Column("submitted_at", _TIME, nullable=True),
        sa.Column("risk", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("lane", sa.String(), nullable=False, server_default="declared"),
        sa.Column("output_count", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("airlock_requests", column)
    op.add_column("airlock_outputs", sa.Column("group", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("airlock_votes", sa.Column("seal", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("airlock_comments", sa.Column("evaluation", sa.String(), nullable=True))
    op.add_column("airlock_comments", sa.Column("group", sa.String(), nullable=True))
    with op.batch_alter_table("airlock_requests", schema=None) as batch_op:
        batch_op.create_index("ix_airlock_requests_queue", ["state", "since", "id"], unique=False)
        batch_op.create_index("ix_airlock_requests_mine", ["author", "created_at"], unique=False)
        batch_op.create_index("ix_airlock_requests_of_project", ["project", "state", "since"], unique=False)
    op.create_table(
        "airlock_requests_datasets",
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("signs", sa.Boolean(), nullable=False),
        _to_request("airlock_requests_datasets"),
        sa.PrimaryKeyConstraint("request", "dataset", name=op.f("pk_airlock_requests_datasets")),
    )
    _index("airlock_requests_datasets", "dataset")


def _widen_rounds() -> None:
    for column in (
        sa.Column("groups", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("lane", sa.String(), nullable=False, server_default="declared"),
        sa.Column("automatic", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("submitted_at", _TIME, nullable=True),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
    ):
        op.add_column("airlock_rounds", column)
    _index("airlock_rounds", "decided_at")


def _fill() -> None:
    """Put what one group said into its place, and what lists are made from beside it."""
    for table in ("airlock_requests", "airlock_rounds"):
        op.execute(
            f"UPDATE {table} SET groups = json_array(json_object('name', '', 'context', context, 'controls', controls,"  # noqa: S608 - our own names
            " 'supporting', json(supporting)))"
            if op.get_bind().dialect.name == "sqlite"
            else f"UPDATE {table} SET groups = json_build_array(json_build_object('name', '', 'context', context,"  # noqa: S608 - our own names
            " 'controls', controls, 'supporting', supporting))"
        )
    op.execute("UPDATE airlock_requests SET since = updated_at")
    op.execute("UPDATE airlock_rounds SET submitted_at = at WHERE round > 0")
    op.execute(
        "UPDATE airlock_requests SET submitted_at = (SELECT r.at FROM airlock_rounds r WHERE r.request ="
        " airlock_requests.id AND r.round = airlock_requests.round AND r.round > 0)"
    )
    op.execute(
        "UPDATE airlock_requests SET output_count = (SELECT count(*) FROM airlock_outputs o WHERE o.request ="
        " airlock_requests.id AND o.round = airlock_requests.round)"
    )
    op.execute(
        "UPDATE airlock_requests SET risk = coalesce((SELECT max(CASE o.verdict WHEN 'pass' THEN 0 WHEN 'review' THEN"
        " 1 ELSE 2 END) FROM airlock_outputs o WHERE o.request = airlock_requests.id AND o.round ="
        " airlock_requests.round), 1)"
    )
    op.execute(
        "UPDATE airlock_requests SET lane = coalesce((SELECT CASE max(CASE o.lane WHEN 'declared' THEN 0 WHEN 'lifted'"
        " THEN 1 ELSE 2 END) WHEN 0 THEN 'declared' WHEN 1 THEN 'lifted' ELSE 'file' END FROM airlock_outputs o WHERE"
        " o.request = airlock_requests.id AND o.round = airlock_requests.round), 'declared')"
    )
    op.execute(
        "UPDATE airlock_rounds SET lane = (SELECT q.lane FROM airlock_requests q WHERE q.id = airlock_rounds.request),"
        " automatic = (SELECT q.automatic FROM airlock_requests q WHERE q.id = airlock_rounds.request)"
    )
    _fill_datasets()
    _fill_drafts()


def _fill_datasets() -> None:
    requests = sa.table("airlock_requests", sa.column("id"), sa.column("datasets", sa.JSON()))
    used = sa.table("airlock_requests_datasets", sa.column("request"), sa.column("dataset"), sa.column("signs"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(requests.c.id, requests.c.datasets)).all():
        names = sorted({item["name"] for item in row.datasets})
        for name in names:
            connection.execute(used.insert().values(request=row.id, dataset=name, signs=False))


def _fill_drafts() -> None:
    """Move the outputs of drafts to where they can change; the rows they had stay."""
    requests = sa.table(
        "airlock_requests", sa.column("id"), sa.column("state"), sa.column("title"), sa.column("round"),
        sa.column("groups", sa.JSON()), sa.column("draft", sa.JSON()),
    )  # fmt: skip
    outputs = sa.table(
        "airlock_outputs", sa.column("id"), sa.column("request"), sa.column("round"), sa.column("position"),
        sa.column("evaluation"), sa.column("title"), sa.column("verdict"), sa.column("judged"),
        sa.column("files", sa.JSON()), sa.column("lane"), sa.column("group"),
    )  # fmt: skip
    connection = op.get_bind()
    drafts = sa.select(requests).where(requests.c.round == 0)
    for row in connection.execute(drafts).all():
        held = sa.select(outputs).where(outputs.c.request == row.id, outputs.c.round == 0).order_by(outputs.c.position)
        content = [
            {name: value for name, value in item._asdict().items() if name != "request"}
            for item in connection.execute(held).all()
        ]
        draft = {"title": row.title, "groups": row.groups, "outputs": content}
        connection.execute(requests.update().where(requests.c.id == row.id).values(draft=draft))


def _make_records() -> None:
    op.create_table(
        "airlock_sign_offs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("datasets", sa.JSON(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("seal", sa.JSON(), nullable=False, server_default="{}"),
        _to_request("airlock_sign_offs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_sign_offs")),
    )
    op.create_table(
        "airlock_claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        _to_request("airlock_claims"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_claims")),
    )
    op.create_table(
        "airlock_advice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("output", sa.String(), nullable=False),
        sa.Column("evaluation", sa.String(), nullable=False),
        sa.Column("patch", sa.JSON(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("taken_as", sa.String(), nullable=True),
        _to_request("airlock_advice"),
        _to("airlock_advice", "output", "airlock_outputs"),
        _to("airlock_advice", "evaluation", "airlock_evaluations"),
        _to("airlock_advice", "taken_as", "airlock_evaluations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_advice")),
    )
    for table, column in (
        ("airlock_sign_offs", "request"),
        ("airlock_claims", "request"),
        ("airlock_claims", "until"),
        ("airlock_advice", "request"),
    ):
        _index(table, column)
    _make_records_of_releases()


def _make_records_of_releases() -> None:
    op.create_table(
        "airlock_downloads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        _to_request("airlock_downloads"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_downloads")),
    )
    op.create_table(
        "airlock_withdrawals",
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("explanation", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("statement", sa.JSON(), nullable=False),
        _to("airlock_withdrawals", "release", "airlock_releases"),
        _to_request("airlock_withdrawals"),
        sa.PrimaryKeyConstraint("release", name=op.f("pk_airlock_withdrawals")),
        sa.UniqueConstraint("request", name=op.f("uq_airlock_withdrawals_request")),
    )
    op.create_table(
        "airlock_samples",
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("drawn_at", _TIME, nullable=False),
        sa.Column("one_in", sa.Integer(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=True),
        _to_request("airlock_samples"),
        sa.PrimaryKeyConstraint("release", name=op.f("pk_airlock_samples")),
        sa.UniqueConstraint("request", name=op.f("uq_airlock_samples_request")),
    )
    with op.batch_alter_table("airlock_downloads", schema=None) as batch_op:
        batch_op.create_index("ix_airlock_downloads_request", ["request", "by"], unique=False)
    with op.batch_alter_table("airlock_samples", schema=None) as batch_op:
        batch_op.create_index("ix_airlock_samples_waiting", ["finding", "drawn_at"], unique=False)
    _index("airlock_withdrawals", "at")
    op.create_table(
        "airlock_dropped",
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        _to_request("airlock_dropped"),
        sa.PrimaryKeyConstraint("author", "project", "place", "content", name=op.f("pk_airlock_dropped")),
    )


def _make_notices() -> None:
    op.add_column("airlock_notices", sa.Column("kind", sa.String(), nullable=False, server_default="request.changed"))
    op.add_column("airlock_notices", sa.Column("state", sa.String(), nullable=False, server_default="draft"))
    op.execute(
        "UPDATE airlock_notices SET state = (SELECT q.state FROM airlock_requests q WHERE"
        " q.id = airlock_notices.request)"
    )
    op.create_table(
        "airlock_notices_recipients",
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        _to("airlock_notices_recipients", "notice", "airlock_notices"),
        sa.PrimaryKeyConstraint("notice", "username", name=op.f("pk_airlock_notices_recipients")),
    )
    _index("airlock_notices_recipients", "username")
    # Who the output checkers were when an old notice was given is not known any more; its author is.
    op.execute(
        "INSERT INTO airlock_notices_recipients (notice, username) SELECT id, author FROM airlock_notices WHERE"
        " \"to\" = 'author'"
    )


def _to_request(table: str) -> sa.ForeignKeyConstraint:
    return _to(table, "request", "airlock_requests")


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
