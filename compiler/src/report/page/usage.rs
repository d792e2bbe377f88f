//! Tables of classes and options.

use maud::{Markup, html};

use super::figures::number;
use crate::report::document::{ClassUse, OptionUse, Report, Said};

/// What classes are used for.
pub fn classes(report: &Report) -> Markup {
    html! {
        section #classes aria-labelledby="classes-h" {
            h2 #classes-h { "Classes" }
            @if report.classes.is_empty() {
                p { "The estate has no classes." }
            } @else {
                table.f {
                    caption { "Classes, the most used first" }
                    thead {
                        tr {
                            th scope="col" { "Class" } th scope="col" { "Who is in it" } th scope="col" { "Order" }
                            th scope="col" { "Means something in" } th scope="col" { "Guards" }
                            th scope="col" { "Named clients" }
                        }
                    }
                    tbody { @for class in &report.classes { (class_row(class)) } }
                }
            }
        }
    }
}

fn class_row(class: &ClassUse) -> Markup {
    html! {
        tr {
            th scope="row" { (class.name) }
            td.t {
                @match &class.test {
                    Some(test) => code { (test) },
                    None => "by reservation only",
                }
            }
            td { (class.order) }
            td.t { (places(&class.meanings)) }
            td { (number(class.guards)) }
            td { (number(class.members)) }
        }
    }
}

/// What options are used for.
pub fn options(report: &Report) -> Markup {
    html! {
        section #options aria-labelledby="options-h" {
            h2 #options-h { "Options" }
            @if report.options.is_empty() {
                p { "Nobody is told any option." }
            } @else {
                table.f {
                    caption { "Options that are said somewhere, and the estate's own, the most used first" }
                    thead {
                        tr {
                            th scope="col" { "Option" } th scope="col" { "Code" } th scope="col" { "Subnets with it" }
                            th scope="col" { "Values there" } th scope="col" { "Said by" }
                            th scope="col" { "For classes" } th scope="col" { "For named clients" }
                        }
                    }
                    tbody { @for option in &report.options { (option_row(option)) } }
                }
            }
        }
    }
}

fn option_row(option: &OptionUse) -> Markup {
    use leasehold_schemas::vocab::Space;
    let code = match option.space {
        Space::Dhcp4 => option.code.to_string(),
        Space::Vendor43 | Space::Vendor125(_) => format!("{}.{}", option.space, option.code),
    };
    html! {
        tr {
            th scope="row" { (option.name) @if option.own { " " span.own { "own" } } }
            td { (code) }
            td { (number(option.subnets)) }
            td { (number(option.values)) }
            td.t { (places(&option.places)) }
            td { (number(option.classes)) }
            td { (number(option.clients)) }
        }
    }
}

/// `estate, 3 profiles, 142 sites`
fn places(said: &Said) -> String {
    let Said { estate, profile, site, network, subnet, pool } = *said;
    let counted =
        [("profile", profile), ("site", site), ("network", network), ("subnet", subnet), ("pool", pool)];
    let counted = counted.into_iter().filter(|(_, count)| *count > 0);
    let mut parts: Vec<String> = counted.map(|(noun, count)| super::figures::count(count, noun)).collect();
    if estate > 0 {
        parts.insert(0, "estate".to_owned());
    }
    if parts.is_empty() { "nobody".to_owned() } else { parts.join(", ") }
}
