//! The stack, deployed by the README's own command into a stand-in that lets functions do what their roles allow and
//! nothing else.

mod stack;
mod shape;
mod order;
