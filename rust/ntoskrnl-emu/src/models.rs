//! Models of loom that need a list. Those that need none stand at the foot of the file that they
//! prove.

mod damage;
mod list;
mod membership;
mod pool;
mod registry;
mod section;
mod trim;
