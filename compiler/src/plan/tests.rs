//! What holds for every pair of estates.
