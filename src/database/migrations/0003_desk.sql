-- Alerts: the newest settled revision of each, and every one that settled.
create table alert (
  stream text not null,
  id text not null,
  revision bigint not null,
  state text not null,
  typology text not null,
  grade bigint not null,
  score double precision not null,
  case_score double precision not null,
  case_id bigint not null,
  about text not null,
  about_kind text not null,
  unit text,
  raised_at bigint not null,
  last_access bigint not null,
  shown_at bigint,
  body text not null,
  primary key (stream, id)
);
create index alert_by_case on alert (case_id);
create index alert_by_person on alert (about, raised_at);
create table alert_revision (
  stream text not null,
  id text not null,
  revision bigint not null,
  hash text not null,
  body text not null,
  dossier text,
  taken_at bigint not null,
  primary key (stream, id, revision)
);
-- What has not settled: read, and never decided on.
create table provisional (
  stream text not null,
  id text not null,
  number bigint not null,
  last_access bigint not null,
  body text not null,
  primary key (stream, id)
);
-- Another content under a number that was taken: the first stands, and this is told.
create table ingest_alarm (
  stream text not null,
  id text not null,
  revision bigint not null,
  hash text not null,
  taken_at bigint not null,
  primary key (stream, id, revision, hash)
);
create table case_file (
  id bigint primary key,
  stream text not null,
  key text not null,
  state text not null,
  owner text,
  version bigint not null,
  typology text not null,
  grade bigint not null,
  score double precision not null,
  alerts bigint not null,
  about text not null,
  opened_at bigint not null,
  last_at bigint not null,
  shown_at bigint,
  verdict text,
  proposed_by text,
  proposed_entry bigint,
  assignment text,
  closed_at bigint
);
create index case_by_key on case_file (stream, key, id);
create index case_by_rank on case_file (state, score, id);
create index case_by_owner on case_file (owner, state);
create table case_party (
  case_id bigint not null,
  kind text not null,
  name text not null,
  unit text,
  primary key (case_id, kind, name)
);
create index party_by_name on case_party (name, case_id);
-- What people and the engine did with a case: only ever added to.
create table entry (
  id bigint primary key,
  case_id bigint not null,
  at bigint not null,
  by_account text,
  kind text not null,
  body text not null
);
create index entry_by_case on entry (case_id, id);
create table account (
  name text primary key,
  employee text not null unique,
  password text,
  totp text,
  totp_step bigint not null,
  failures bigint not null,
  locked_until bigint not null,
  disabled bigint not null,
  created_at bigint not null
);
create table role_grant (
  account text not null,
  role text not null,
  unit text not null,
  granted_at bigint not null,
  primary key (account, role, unit)
);
create table session (
  hash text primary key,
  account text not null,
  csrf text not null,
  created_at bigint not null,
  seen_at bigint not null
);
create index session_by_account on session (account);
-- Who was shown what: each row holds the hash of the one before.
create table view (
  number bigint primary key,
  at bigint not null,
  viewer text not null,
  page text not null,
  object text not null,
  persons text not null,
  row_count bigint not null,
  previous text not null,
  hash text not null,
  written bigint not null
);
create index view_by_viewer on view (viewer, at);
create index view_by_written on view (written, number);
-- What happened, for whoever follows: without content.
create table event (
  number bigint primary key,
  at bigint not null,
  kind text not null,
  object text not null,
  version bigint not null
);
-- Decisions on their way to the engine.
create table feedback (
  number bigint primary key,
  id text not null unique,
  at bigint not null,
  body text not null,
  written bigint not null
);
create index feedback_by_written on feedback (written, number);
-- An answer that is given again where a request is repeated.
create table answered (
  account text not null,
  key text not null,
  request text not null,
  answer text not null,
  at bigint not null,
  primary key (account, key)
);
