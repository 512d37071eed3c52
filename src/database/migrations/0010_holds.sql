-- A hold may be asked for by whoever may not set one: it waits for somebody who may.
alter table hold add column state text not null default 'set';
alter table hold add column decided_by text;
alter table hold add column decided_at bigint;
update hold set state = 'lifted' where lifted_by is not null;
