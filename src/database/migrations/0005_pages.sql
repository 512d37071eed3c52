-- How far employees' days were evaluated, as the service wrote it down when they had settled: by the part of the employees that a process has.
create table coverage_day (
  part text not null,
  day text not null,
  states text not null,
  reasons text not null,
  taken_at bigint not null,
  primary key (part, day)
);
create index coverage_by_day on coverage_day (day);
-- Tables that the catalog does not know, with accesses to them.
create table coverage_table (
  part text not null,
  name text not null,
  accesses bigint not null,
  primary key (part, name)
);
-- Reasons for accesses from now on: proposed with a verdict, put into force by somebody else.
create table explanation (
  id bigint primary key,
  case_id bigint not null,
  whom_kind text not null,
  whom text not null,
  unit text,
  objects text not null,
  to_at bigint not null,
  reason text not null,
  max_persons bigint not null,
  text text not null,
  state text not null,
  by_account text not null,
  at bigint not null,
  second text,
  ended_by text,
  ended_at bigint,
  decision text
);
create index explanation_by_end on explanation (state, to_at);
