//! What a strip of days shows: every day of a mirror's figures, and the shapes that are drawn of them.

use larder_shared::api::{
    Timestamp,
    usage::{Amount, DAY_MILLIS, DAYS, Day, Usage},
};

/// Every day that is told, the oldest first, with those on which nothing happened.
pub fn every_day(usage: &Usage) -> Vec<Day> {
    let first = usage.since.as_millis();
    let mut told = usage.days.iter().peekable();
    (0..DAYS)
        .map(|number| {
            let day = Timestamp::from_millis(first + number * DAY_MILLIS);
            // What lies before the first day, because the clocks of two machines differ, is no day of these.
            while told.next_if(|told| told.day < day).is_some() {}
            told.next_if(|told| told.day == day).copied().unwrap_or(Day { day, ..Day::default() })
        })
        .collect()
}

/// What the mirror held at the end of each day, of what it holds now.
pub fn totals(before: Amount, days: &[Day]) -> Vec<Amount> {
    let mut held = before;
    days.iter()
        .map(|day| {
            held.specs += day.arrived.specs;
            held.bytes += day.arrived.bytes;
            held
        })
        .collect()
}

/// The height of a scale that holds `most`: 1, 2 or 5 with zeros behind it.
pub fn ceiling(most: u64) -> u64 {
    let mut power = 1u64;
    loop {
        for step in [1, 2, 5] {
            let height = power.saturating_mul(step);
            if height >= most {
                return height;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// `value` on a scale of `ceiling`, of 1000 at its top. What is there can be seen: it has at least 20.
pub fn height(value: u64, ceiling: u64) -> u64 {
    match value {
        0 => 0,
        value => {
            let height = u128::from(value) * 1000 / u128::from(ceiling.max(1));
            u64::try_from(height).unwrap_or(1000).clamp(20, 1000)
        }
    }
}

/// The outline of an area below some heights of 0 to 1000, one unit wide each, with the top at zero.
pub fn area(heights: &[u64]) -> String {
    let mut path = "M0 1000".to_owned();
    for (place, height) in heights.iter().enumerate() {
        let top = 1000 - height;
        path.push_str(&format!("L{place} {top}H{}", place + 1));
    }
    path.push_str("V1000Z");
    path
}

/// `part` of `whole` in whole percent; `None` of nothing. Only all is 100, and only nothing 0.
pub fn percent(part: u64, whole: u64) -> Option<u64> {
    match (part, whole) {
        (_, 0) => None,
        (0, _) => Some(0),
        (part, whole) if part >= whole => Some(100),
        (part, whole) => {
            let rounded = (u128::from(part) * 200 + u128::from(whole)) / (2 * u128::from(whole));
            Some(u64::try_from(rounded).unwrap_or(99).clamp(1, 99))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(days: &[(u64, u64, u64)]) -> Usage {
        let since = 1_000 * DAY_MILLIS;
        let day = |&(number, specs, bytes): &(u64, u64, u64)| Day {
            day: Timestamp::from_millis(since + number * DAY_MILLIS),
            arrived: Amount { specs, bytes },
            ..Day::default()
        };
        Usage {
            since: Timestamp::from_millis(since),
            days: days.iter().map(day).collect(),
            before: Amount { specs: 10, bytes: 100 },
            ..Usage::default()
        }
    }

    #[test]
    fn every_day_is_there_in_its_place() {
        let usage = usage(&[(0, 1, 5), (3, 2, 7), (89, 4, 0)]);
        let days = every_day(&usage);
        assert_eq!(days.len(), 90);
        let pushed: Vec<_> = days.iter().enumerate().filter(|(_, day)| day.arrived.specs > 0).collect();
        assert_eq!(
            pushed.iter().map(|(place, day)| (*place, day.arrived.specs)).collect::<Vec<_>>(),
            [(0, 1), (3, 2), (89, 4)]
        );
        assert!(days.windows(2).all(|pair| pair[1].day.as_millis() - pair[0].day.as_millis() == DAY_MILLIS));
        let totals = totals(usage.before, &days);
        assert_eq!((totals[0], totals[2].specs), (Amount { specs: 11, bytes: 105 }, 11));
        assert_eq!(totals[89], Amount { specs: 17, bytes: 112 });
    }

    #[test]
    fn a_day_before_the_first_does_not_hide_the_others() {
        let mut usage = usage(&[(1, 3, 3)]);
        usage.days.insert(0, Day { day: Timestamp::from_millis(0), ..Day::default() });
        assert_eq!(every_day(&usage)[1].arrived.specs, 3);
    }

    #[test]
    fn scales_end_in_round_numbers() {
        for (most, expected) in [(0, 1), (1, 1), (2, 2), (3, 5), (53, 100), (101, 200), (4_999_999, 5_000_000)] {
            assert_eq!(ceiling(most), expected, "{most}");
        }
        assert!(ceiling(u64::MAX) > 0);
    }

    #[test]
    fn what_is_there_can_be_seen() {
        assert_eq!([height(0, 100), height(1, 100), height(50, 100), height(100, 100)], [0, 20, 500, 1000]);
        assert_eq!(area(&[0, 500]), "M0 1000L0 1000H1L1 500H2V1000Z");
    }

    #[test]
    fn only_all_is_a_hundred_percent() {
        for (part, whole, expected) in [
            (0, 0, None),
            (0, 7, Some(0)),
            (1, 1_000, Some(1)),
            (999, 1_000, Some(99)),
            (2, 3, Some(67)),
            (7, 7, Some(100)),
        ] {
            assert_eq!(percent(part, whole), expected, "{part} of {whole}");
        }
    }
}
