//! Whole numbers as ratios and as text: the team's only arithmetic with rounding, so that it rounds in one way.
//!
//! It knows no sector and no month. Nothing here uses floating point: equal inputs give equal bytes on every machine.

#[cfg(test)]
mod tests;

/// Parts per million in one whole.
pub const PPM: i64 = 1_000_000;
/// Parts per million in one per cent.
pub const PPM_PER_PERCENT: i64 = 10_000;

/// `numerator / denominator * scale`, rounded half away from zero. `None` for a zero denominator or a result beyond an `i64`.
#[must_use]
pub fn ratio(numerator: i64, denominator: i64, scale: i64) -> Option<i64> {
    divide(i128::from(numerator) * i128::from(scale), i128::from(denominator))
}

/// `numerator / denominator`, rounded half away from zero. `None` for a zero denominator or a result beyond an `i64`.
#[must_use]
pub fn divide(numerator: i128, denominator: i128) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let (top, bottom) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    // Comparing the remainder with what is left to a whole avoids doubling, which could overflow.
    let (whole, remainder) = (top / bottom, top % bottom);
    let size = i128::try_from(whole + u128::from(remainder >= bottom - remainder)).ok()?;
    let negative = (numerator < 0) != (denominator < 0);
    i64::try_from(if negative { -size } else { size }).ok()
}

/// The change from `before` to `now` in parts per million of `before`. `None` if `before` is not positive.
#[must_use]
pub fn change_ppm(now: i64, before: i64) -> Option<i64> {
    if before <= 0 {
        return None;
    }
    divide((i128::from(now) - i128::from(before)) * i128::from(PPM), i128::from(before))
}

/// A decimal text such as `5840.4` as a whole number of `10^-places`: with three places, 5840400.
///
/// `None` if it is no plain decimal, or has digits that would be lost.
#[must_use]
pub fn decimal(text: &str, places: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if digits.is_empty() || !plain(digits) || !plain(fraction) || fraction.len() > places {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

/// With commas between thousands: `6,632,000`.
#[must_use]
pub fn thousands(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// Parts per million as per cent with two decimals: `5.35%`.
#[must_use]
pub fn percent(ppm: i64) -> String {
    // 100 ppm are a hundredth of a per cent.
    format!("{}%", hundredths(divide(i128::from(ppm), 100).unwrap_or(0)))
}

/// The same with its sign always shown: `+5.35%`.
#[must_use]
pub fn signed_percent(ppm: i64) -> String {
    let text = percent(ppm);
    if text.starts_with('-') { text } else { format!("+{text}") }
}

/// Basis points as per cent with two decimals: `27.10%`.
#[must_use]
pub fn basis_points(value: i64) -> String {
    format!("{}%", hundredths(value))
}

/// Basis points of difference between two rates, without their sign: `3.60 points`.
#[must_use]
pub fn points(value: i64) -> String {
    format!("{} points", hundredths(value.saturating_abs()))
}

/// Cents as dollars: `$7.25`.
#[must_use]
pub fn dollars(cents: i64) -> String {
    if cents < 0 {
        format!("-${}", hundredths(cents.saturating_neg()))
    } else {
        format!("${}", hundredths(cents))
    }
}

/// A count with its noun, in the plural where it belongs: `1 rule`, `3 rules`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Hundredths as a decimal: `-3.60`.
#[must_use]
pub fn hundredths(value: i64) -> String {
    let size = value.unsigned_abs();
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", size / 100, size % 100)
}
