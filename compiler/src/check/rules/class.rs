//! L6 classes: expressions that mean something.

pub mod class_expression;
pub mod class_order;
pub mod unknown_class_in_expression;
pub mod unknown_option_in_expression;
