-- What is written and not shown for a while.
create table silence (
  id bigint primary key,
  matchers text not null,
  to_at bigint not null,
  reason text not null,
  text text not null,
  state text not null,
  by_account text not null,
  at bigint not null,
  second text,
  ended_by text,
  ended_at bigint,
  decision text
);
create index silence_by_end on silence (state, to_at);
