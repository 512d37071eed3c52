-- Cases whose time has passed: counts and codes stay, and nobody is named.
alter table case_file add column erased_at bigint;
create index case_by_closed on case_file (state, closed_at);
-- What a view showed is chained by a commitment: what it names can be taken out, and the chain holds.
alter table view add column salt text;
alter table view add column commitment text;
