//! The whole table of moves.
