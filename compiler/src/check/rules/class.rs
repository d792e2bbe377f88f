//! L6 classes: expressions that mean something, tests that tell clients apart, guards that somebody passes.

pub mod always_false;
pub mod always_true;
pub mod class_expression;
pub mod class_order;
pub mod dead_guard;
mod guards;
pub mod names_alike;
pub mod not_proved;
pub mod same_test_twice;
pub mod truths;
pub mod unknown_class_in_expression;
pub mod unknown_option_in_expression;
