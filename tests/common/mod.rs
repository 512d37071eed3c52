//! What the tests share: a small bank in memory ([`world`]), canonical lines ([`line`]), cases told in files ([`case`]), the engine
//! driven by lines ([`play`]) and the program itself ([`program`]).

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod case;
pub mod line;
pub mod play;
pub mod program;
pub mod sources;
pub mod world;
