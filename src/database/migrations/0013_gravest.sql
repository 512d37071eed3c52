-- The gravest alert of a case, without a look at all the others.
create index alert_by_gravity on alert (case_id, grade desc, score desc, id);
drop index alert_by_case;
