//! What the tests share: a small bank in memory ([`world`]), canonical lines ([`line`]), the engine driven by lines
//! ([`play`]) and the program itself ([`program`]).

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod line;
pub mod play;
pub mod program;
pub mod world;
