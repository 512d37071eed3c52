//! Configuration: as written ([`written`]) → as loaded ([`load`]): what exists after loading is valid.

pub mod load;
mod section;
pub mod written;
