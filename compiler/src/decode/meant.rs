//! What a text that is not well formed was probably meant to say. Only a proposal in a diagnostic's help: nothing
//! here ever becomes a value.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{AddrRange, Cidr, MacAddr};

/// An address with spaces around it, leading zeros, or a prefix length behind it.
pub(super) fn address(text: &str) -> Option<Ipv4Addr> {
    let text = text.trim();
    let text = text.split_once('/').map_or(text, |(addr, _)| addr.trim());
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

/// A prefix with spaces in it, or with a netmask for its length.
pub(super) fn prefix(text: &str) -> Option<Cidr> {
    let (addr, length) = text.split_once('/').or_else(|| text.trim().split_once(' '))?;
    let addr = address(addr)?;
    let length = match length.trim().parse::<Ipv4Addr>() {
        Ok(mask) => {
            let bits = mask.to_bits();
            (bits.leading_ones() == bits.count_ones()).then(|| bits.count_ones())?
        }
        Err(_) => length.trim().parse().ok()?,
    };
    Cidr::containing(addr, u8::try_from(length).ok()?)
}

/// A range with another sign between its ends, or only the last octets of its end.
pub(super) fn range(text: &str) -> Option<AddrRange> {
    let (first, last) = ["..", " to ", "\u{2013}", "\u{2014}", ",", "-", " "]
        .into_iter()
        .find_map(|sign| text.trim().split_once(sign))?;
    let first = address(first)?;
    let last = last.trim().trim_start_matches('.');
    if let Some(last) = address(last) {
        return AddrRange::new(first, last).ok();
    }
    let octets: Vec<u8> = last.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let mut end = first.octets();
    let kept = end.len().checked_sub(octets.len())?;
    end[kept..].copy_from_slice(&octets);
    AddrRange::new(first, Ipv4Addr::from(end)).ok()
}

/// Whether a number in the text begins with a zero that it does not need: to some readers it means octal.
pub(super) fn has_leading_zero(text: &str) -> bool {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    numbers.any(|number| number.len() > 1 && number.starts_with('0'))
}

/// A MAC with other signs between its six octets, or `0x` before them.
pub(super) fn mac(text: &str) -> Option<MacAddr> {
    let text = text.trim();
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let text: String = text.chars().map(|c| if matches!(c, ' ' | '_') { ':' } else { c }).collect();
    text.parse().ok().filter(|mac: &MacAddr| mac.octets().len() == 6)
}

/// A duration with spaces, capitals, long units, weeks, or several parts: `1h 30m`, `2 weeks`.
pub(super) fn duration(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let mut rest = compact.as_str();
    let (mut millis, mut parts) = (0_u64, 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, behind) = rest.split_at(digits);
        let unit_end = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_end);
        let scale = match unit {
            "ms" | "msec" | "millis" | "milliseconds" => 1,
            "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            "w" | "week" | "weeks" => 604_800_000,
            _ => return None,
        };
        millis = count.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(millis)?;
        parts += 1;
        rest = behind;
    }
    if parts == 0 {
        return None;
    }
    Some(if millis.is_multiple_of(1_000) { format!("{}s", millis / 1_000) } else { format!("{millis}ms") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<T: ToString>(value: Option<T>) -> Option<String> {
        value.map(|value| value.to_string())
    }

    #[test]
    fn common_slips_are_understood() {
        assert_eq!(shown(address("10.42.8.030")).as_deref(), Some("10.42.8.30"));
        assert_eq!(shown(address("10.42.8.30/24")).as_deref(), Some("10.42.8.30"));
        assert_eq!(address("10.42.8.300"), None);
        assert_eq!(shown(prefix("10.42.8.0/255.255.254.0")).as_deref(), Some("10.42.8.0/23"));
        assert_eq!(shown(prefix("10.42.8.0 / 23")).as_deref(), Some("10.42.8.0/23"));
        assert_eq!(prefix("10.42.8.0/255.0.255.0"), None);
        assert_eq!(prefix("10.42.8.0/33"), None);
        assert_eq!(shown(range("10.0.0.1..10.0.0.9")).as_deref(), Some("10.0.0.1 - 10.0.0.9"));
        assert_eq!(shown(range("10.0.0.20-250")).as_deref(), Some("10.0.0.20 - 10.0.0.250"));
        assert_eq!(shown(range("10.0.0.20 to 1.250")).as_deref(), Some("10.0.0.20 - 10.0.1.250"));
        assert_eq!(range("10.0.0.20-10"), None);
        assert_eq!(shown(mac("52 54 00 12 34 56")).as_deref(), Some("52:54:00:12:34:56"));
        assert_eq!(shown(mac("0x525400123456")).as_deref(), Some("52:54:00:12:34:56"));
        assert_eq!(mac("52:54:00:12:34:5g"), None);
        assert!(has_leading_zero("10.42.08.0") && !has_leading_zero("10.0.10.0/24"));
        assert_eq!(duration("1h30m").as_deref(), Some("5400s"));
        assert_eq!(duration("8 Hours").as_deref(), Some("28800s"));
        assert_eq!(duration("2 weeks").as_deref(), Some("1209600s"));
        assert_eq!(duration("soon"), None);
        assert_eq!(duration(""), None);
        assert_eq!(duration("99999999999999999999d"), None);
    }
}
