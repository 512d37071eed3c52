-- Numbers without gaps (event, feedback, case and so on): given within the writer's transaction.
create table sequence (
  name text primary key,
  last bigint not null
);
-- What the database says of itself.
create table meta (
  name text primary key,
  value text not null
);
