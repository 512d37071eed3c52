-- What was told of each case, and what stands behind it.
create table notify_case (
  case_id text primary key,
  body text not null,
  changed_at bigint not null
);
-- The case of each alert, so that one that goes on in another is noticed.
create table notify_alert (
  alert_id text primary key,
  case_id text not null
);
-- What is to be told, to whom: in the order of the case's numbers.
create table outbox (
  sink text not null,
  case_id text not null,
  number bigint not null,
  made_at bigint not null,
  due bigint not null,
  tries bigint not null,
  first_try bigint,
  event text not null,
  primary key (sink, case_id, number)
);
create index outbox_by_due on outbox (sink, due);
-- What became of it: told, or superseded by what came after it.
create table delivery (
  sink text not null,
  case_id text not null,
  number bigint not null,
  at bigint not null,
  outcome text not null,
  primary key (sink, case_id, number)
);
create index delivery_by_time on delivery (at);
-- What was refused for good, or tried for too long: until a person sends it again.
create table dead_letter (
  sink text not null,
  case_id text not null,
  number bigint not null,
  made_at bigint not null,
  died_at bigint not null,
  tries bigint not null,
  reason text not null,
  event text not null,
  primary key (sink, case_id, number)
);
-- What sinks that forget are told again and again.
create table notify_held (
  sink text not null,
  case_id text not null,
  severity text not null,
  event text not null,
  ended_at bigint,
  primary key (sink, case_id, severity)
);
-- Which process tells a sink.
create table notify_lease (
  sink text primary key,
  holder text not null,
  until bigint not null
);
