//! Configuration: as written ([`written`]) → as loaded ([`load`]): what exists after loading is valid. What only shows
//! when files are held against each other is found in [`across`]; what may change while the service runs stands in [`change`].

pub mod across;
pub mod change;
pub mod cluster;
mod formats;
pub mod load;
mod section;
pub mod written;
