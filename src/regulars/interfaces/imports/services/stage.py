"""The staging tables of one job: its rows typed, and its orders and credit notes in the order of their time.

They are not logged: after a crash of the server they are empty, and the job reads its file again, which gives the
same rows in the same order. Their names carry the job's id; a dry run has temporary ones.
"""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
import pyarrow.csv as pcsv
from django.db import connection

from regulars.interfaces.imports.rules.convert import BAD, CREDIT, GOODS, REFUND, SCHEMA

MOST_LINES = 5_000  # of one order, as everywhere
_LINE = """
    line bigint, ref text collate "C", member text collate "C", sku text collate "C", description text,
    category text, brand text, uom text, store text collate "C", channel text collate "C",
    quantity numeric(18,6), amount_minor bigint, occurred_at timestamptz, kind smallint,
    of_order text, attributes text, is_positive boolean"""
_ARRANGE = f"""
    create {{temp}} table {{event}} as
    select (row_number() over (order by g.occurred_at, g.first_line, g.is_return))::int as ord,
           g.ref, g.is_return, g.occurred_at, g.first_line, g.lines, g.positives, g.total_minor,
           f.member, f.store, f.channel, f.of_order, f.attributes,
           case when b.ref is not null then 'order_has_bad_row' when g.members > 1 then 'several_members'
                when g.lines > {MOST_LINES} then 'too_many_lines' end as reject
      from (select ref, kind in ({CREDIT}, {REFUND}) as is_return, min(occurred_at) as occurred_at,
                   min(line) as first_line, count(*)::int as lines, sum(amount_minor)::bigint as total_minor,
                   (count(*) filter (where is_positive))::int as positives,
                   case when min(member) is distinct from max(member) or count(member) not in (0, count(*))
                        then 2 else 1 end as members
              from {{line}} where kind <> {BAD} group by 1, 2) g
      join {{line}} f on f.ref = g.ref and f.line = g.first_line and (f.kind in ({CREDIT}, {REFUND})) = g.is_return
           and f.kind <> {BAD}
      left join (select distinct ref from {{line}} where kind = {BAD}) b on b.ref = g.ref"""
_LATER = f"""
    create {{temp}} table {{later}} as
    with credits as materialized (
      select ref, member, sku, (row_number() over (partition by ref order by line))::int as n
        from {{line}} where kind = {CREDIT})
    select e.ord, c.n from credits c join {{event}} e on e.ref = c.ref and e.is_return
     where (c.member, c.sku) in (select p.member, p.sku from {{line}} p
              where p.kind = {GOODS} and p.member is not null and p.sku in (select sku from credits))"""
_CHECKS = """
    create index on {line} (ref);
    create index on {later} (ord);
    create unique index on {event} (ord);
    create {temp} table {member} (ref text collate "C" primary key, member_id uuid not null);
    analyze {line}; analyze {event}"""


class Stage:
    """The tables of one job by name."""

    def __init__(self, job_id: UUID, *, is_dry: bool = False) -> None:
        self.line, self.event, self.member, self.later = (
            f"imports_{what}_{job_id.hex}" for what in ("line", "event", "member", "later")
        )
        self.is_dry = is_dry

    def _sql(self, text: str) -> str:
        temp = "temporary" if self.is_dry else "unlogged"
        return text.format(line=self.line, event=self.event, member=self.member, later=self.later, temp=temp)

    def execute(self, text: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a statement over these tables (`{line}`, `{event}`, `{member}` stand for their names)."""
        connection.ensure_connection()
        with psycopg.Cursor(connection.connection) as cursor:
            cursor.execute(self._sql(text), params or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def create(self) -> None:
        """Make the table of rows anew, empty."""
        self.drop()
        self.execute("create {temp} table {line} (" + _LINE + ")")

    def drop(self) -> None:
        """Take the tables away."""
        self.execute("drop table if exists {line}, {event}, {member}, {later}")

    def is_whole(self, total: int | None) -> bool:
        """Whether the tables are here with all orders (they are not after a crash of the server)."""
        ((found,),) = self.execute("select to_regclass(%s) is not null", (self.event,))
        return bool(found) and self.execute("select count(*) from {event}")[0][0] == total

    def put(self, table: pa.Table) -> None:
        """Put typed rows in."""
        connection.ensure_connection()
        copying = f"copy {self.line} ({', '.join(SCHEMA.names)}) from stdin (format csv)"
        with psycopg.Cursor(connection.connection) as cursor, cursor.copy(copying) as copy:  # type: ignore[arg-type]
            copy.write(as_csv(table))

    def arrange(self) -> int:
        """Put orders and credit notes in order of their time, then of their first row; returns how many there are."""
        with connection.cursor() as cursor:
            cursor.execute("set work_mem = '128MB'")
        self.execute(_ARRANGE)
        self.execute(_LATER)
        for statement in _CHECKS.split(";"):
            self.execute(statement)
        with connection.cursor() as cursor:
            cursor.execute("reset work_mem")
        ((total,),) = self.execute("select count(*) from {event}")
        return int(total)

    def summary(self) -> dict[str, int]:
        """How many orders, credit notes and members the file names; `members_…` count positive lines of members."""
        names = (
            "orders", "credit_notes", "guest_orders", "orders_with_bad_rows", "members", "members_who_bought",
            "members_orders", "members_lines", "members_minor",
        )  # fmt: skip
        (row,) = self.execute(
            "select count(*) filter (where not is_return), count(*) filter (where is_return),"
            " count(*) filter (where not is_return and member is null), count(*) filter (where reject is not null),"
            " count(distinct member), count(distinct member) filter (where positives > 0),"
            " count(*) filter (where positives > 0 and member is not null),"
            " coalesce(sum(positives) filter (where member is not null), 0),"
            " coalesce(sum(total_minor) filter (where positives > 0 and member is not null), 0) from {event}"
        )
        return {name: int(value) for name, value in zip(names, row, strict=True)}


def as_csv(table: pa.Table) -> memoryview:
    """A table as CSV for COPY: null is nothing, empty text is quoted."""
    sink = io.BytesIO()
    pcsv.write_csv(table, sink, pcsv.WriteOptions(include_header=False, quoting_style="needed"))
    return sink.getbuffer()
