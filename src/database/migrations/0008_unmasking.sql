-- Who asked for which identities, for what, and who agreed, until when. The identities themselves are in no table.
create table unmasking (
  id bigint primary key,
  case_id bigint not null,
  asked_by text not null,
  asked_at bigint not null,
  purpose text not null,
  pseudonyms text not null,
  state text not null,
  decided_by text,
  decided_at bigint,
  expires_at bigint
);
create index unmasking_by_case on unmasking (case_id, id);
create index unmasking_by_state on unmasking (state, id);
-- What keeps a case from being erased, and who set and lifted it.
create table hold (
  id bigint primary key,
  case_id bigint not null,
  set_by text not null,
  set_at bigint not null,
  reason text not null,
  lifted_by text,
  lifted_at bigint
);
create index hold_by_case on hold (case_id, id);
