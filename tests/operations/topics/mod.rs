//! Topics as they are made anew, left and misused; the processes of a cluster as they are restarted. Needs a real Kafka.

mod clusters;
mod commits;
mod everywhere;
mod fewer_partitions;
mod leaving;
mod made_anew;
mod messages;
