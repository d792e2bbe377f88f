//! L6 classes: expressions that mean something.

pub mod class_expression;
pub mod class_order;
pub mod unknown_class;
pub mod unknown_option;
