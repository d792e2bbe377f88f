//! L510: routers that clients ignore, because they are told classless routes too.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{OptionCode, Space};

use crate::check::{Lines, Seen};
use crate::diag::{Diagnostic, Rule, Severity};
use crate::model::{Estate, Values};

/// Clients are told routers and classless routes, and the routes hold no default.
pub static RULE: Rule = Rule {
    code: "L510",
    slug: "router-beside-classless-routes",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("router_beside_classless_routes.md"),
};

const ROUTERS: OptionCode = OptionCode(3);
const CLASSLESS_ROUTES: OptionCode = OptionCode(121);

/// Reports each line that gives routes without a default to clients that are told routers.
pub fn check(estate: &Estate, lines: &mut Lines) {
    let option = |code| estate.definition(Space::Dhcp4, code);
    let (Some(routers), Some(routes)) = (option(ROUTERS), option(CLASSLESS_ROUTES)) else { return };
    if !estate.values_in_sight().any(|values| values.assignment(routes).is_some()) {
        return;
    }
    estate.views(Values::says_option, &mut |view| {
        let (Some(routers), Some(routes)) = (view.option(routers), view.option(routes)) else { return };
        let (Some(router), Some(bytes)) = (routers.bytes.as_deref(), routes.bytes.as_deref()) else { return };
        let router = router.first_chunk::<4>().copied().map(Ipv4Addr::from);
        if view.subnet.is_none() || has_default(bytes) {
            return;
        }
        lines.add(Seen::in_view(view), routes.span, || {
            let message = "clients that take these routes ignore option `routers`";
            let diagnostic = Diagnostic::new(&RULE, routes.span, message, "no route to 0.0.0.0/0 among them")
                .with_secondary(routers.span, "ignored, as RFC 3442 demands");
            match router {
                Some(router) => diagnostic.with_help(format!("add `{{to: 0.0.0.0/0, via: {router}}}`")),
                None => diagnostic,
            }
        });
    });
}

/// Whether one of the routes has a prefix of length 0 (RFC 3442); octets that are no routes say nothing.
fn has_default(mut bytes: &[u8]) -> bool {
    while let Some((length, rest)) = bytes.split_first() {
        let route = usize::from(length.div_ceil(8)) + 4;
        if *length == 0 || rest.len() < route {
            return true;
        }
        bytes = &rest[route..];
    }
    false
}
