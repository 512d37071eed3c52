-- Whose account it is for the provider that signs people in, and what was brought back from there.
alter table account add column subject text;
create unique index account_by_subject on account (subject);
create table sign_in_used (
  state text primary key,
  at bigint not null
);
-- When somebody proved who they are, where that is not when the session began.
alter table session add column proved_at bigint;
