-- Tokens of programs: the hash alone, what each may, until when.
create table token (
  id bigint primary key,
  hash text not null unique,
  account text not null,
  name text not null,
  scopes text not null,
  created_at bigint not null,
  expires_at bigint not null,
  ended_at bigint,
  used_at bigint
);
create index token_by_account on token (account, id);
-- Requests that were begun and may be sent again are forgotten by time.
create index answered_by_time on answered (at);
