//! Calendar dates.

use std::fmt;
use std::str::FromStr;

use super::string_serde;

/// A day of the proleptic Gregorian calendar, years 1 to 9999, written `2027-03-31` (RFC 3339, full-date).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text is no date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DateError;

impl Date {
    /// The date, if the calendar has it.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let exists = (1..=9999).contains(&year) && (1..=days_in(year, month)).contains(&day);
        exists.then_some(Date { year, month, day })
    }

    /// The date `days` after 1970-01-01 (before it, if negative), if its year is from 1 to 9999.
    pub fn from_unix_days(days: i64) -> Option<Date> {
        // Counted from 0000-03-01, so that a leap day is the last of its year.
        let shifted = days.checked_add(719_468)?;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    /// Days from 1970-01-01 to this date; negative before it.
    pub fn unix_days(self) -> i64 {
        // Counted from 0000-03-01, as in `from_unix_days`.
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let month_from_march = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Date, DateError> {
        let bytes = text.as_bytes();
        let digits = |at: std::ops::Range<usize>| {
            let part = bytes.get(at).filter(|part| part.iter().all(u8::is_ascii_digit)).ok_or(DateError)?;
            Ok(part.iter().fold(0_u16, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        };
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(DateError);
        }
        let (month, day) = (digits(5..7)?, digits(8..10)?);
        let small = |number: u16| u8::try_from(number).map_err(|_| DateError);
        Date::new(digits(0..4)?, small(month)?, small(day)?).ok_or(DateError)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a date such as `2027-03-31`")
    }
}

impl std::error::Error for DateError {}

string_serde!(Date, "a date such as 2027-03-31");
#[cfg(feature = "source")]
super::scalar_schema!(Date, "Date", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "A date: YYYY-MM-DD.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_days_that_exist() {
        for text in ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for text in [
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-04-31",
            "24-04-01",
            "2024-4-1",
            "",
            "0000-01-01",
        ] {
            assert_eq!(text.parse::<Date>(), Err(DateError), "{text}");
        }
    }

    #[test]
    fn counts_days_from_1970() {
        assert_eq!(Date::from_unix_days(0), Date::new(1970, 1, 1));
        assert_eq!(Date::from_unix_days(-1), Date::new(1969, 12, 31));
        assert_eq!(Date::from_unix_days(11_016), Date::new(2000, 2, 29));
        assert_eq!(Date::from_unix_days(20_454), Date::new(2026, 1, 1));
        assert_eq!(Date::from_unix_days(i64::MAX), None);
    }

    #[test]
    fn orders_as_the_calendar_does() {
        let mut before = Date::from_unix_days(-800).unwrap();
        for days in -799..800 {
            let next = Date::from_unix_days(days).unwrap();
            assert!(before < next, "{before} {next}");
            assert_eq!(next.unix_days(), days);
            before = next;
        }
    }
}
