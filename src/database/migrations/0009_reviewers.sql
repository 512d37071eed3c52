-- Cases about what reviewers looked at: for data protection officers and auditors alone.
alter table case_file add column reviewers bigint not null default 0;
