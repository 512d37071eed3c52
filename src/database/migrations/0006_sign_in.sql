-- Failures of signing in, by hashes of the account, of the address and of both together: whoever guesses waits, and locks nobody out.
create table sign_in_failure (
  hash text primary key,
  failures bigint not null,
  last_at bigint not null
);
create index sign_in_failure_by_time on sign_in_failure (last_at);
-- From where an account was signed in to, by the hash of both: those do not wait for what others do elsewhere.
create table sign_in_known (
  hash text primary key,
  at bigint not null
);
