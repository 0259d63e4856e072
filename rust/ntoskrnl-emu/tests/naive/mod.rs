//! What lists should do, and programs to compare with it.

#![allow(dead_code, reason = "each test file uses a part of this")]

pub mod model;
pub mod programs;

pub use model::{Flaw, Model};
