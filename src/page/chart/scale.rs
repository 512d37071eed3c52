//! Logarithmic scales: places of figures, and the figures at which they have a line.

use crate::page::words::number;

/// A logarithmic scale from one figure to another, drawn between two places.
#[derive(Clone, Copy, Debug)]
pub struct LogScale {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl LogScale {
    /// From below 1 to at least `most`, between two places.
    pub fn new(most: u64, from: f64, to: f64) -> LogScale {
        LogScale { least: 0.7, most: (most.max(10) as f64) * 1.25, from, to }
    }

    /// The place of a figure. Nothing lies at the beginning.
    pub fn at(self, figure: u64) -> f64 {
        let figure = (figure as f64).clamp(self.least, self.most);
        let part = (figure / self.least).ln() / (self.most / self.least).ln();
        self.from + part * (self.to - self.from)
    }

    /// Powers of ten within the scale.
    pub fn ticks(self) -> impl Iterator<Item = u64> {
        (0..19).map(|power| 10_u64.pow(power)).take_while(move |tick| (*tick as f64) <= self.most)
    }
}

/// A figure in few characters: `1`, `500`, `2k`, `15M`.
pub fn short(figure: u64) -> String {
    match figure {
        0..1_000 => figure.to_string(),
        1_000..1_000_000 if figure.is_multiple_of(1_000) => format!("{}k", figure / 1_000),
        1_000_000..1_000_000_000 if figure.is_multiple_of(1_000_000) => format!("{}M", figure / 1_000_000),
        1_000_000_000.. if figure.is_multiple_of(1_000_000_000) => format!("{}G", figure / 1_000_000_000),
        _ => number(figure),
    }
}

/// A place with one decimal: enough, and short.
pub fn place(at: f64) -> String {
    format!("{at:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_even_in_powers_of_ten_and_ends_where_it_should() {
        let scale = LogScale::new(8_000, 100.0, 0.0);
        let (one, ten, hundred) = (scale.at(1), scale.at(10), scale.at(100));
        assert!(((one - ten) - (ten - hundred)).abs() < 1e-9 && one < 100.0);
        assert!(scale.at(0) == 100.0 && scale.at(10_000) < 0.1 && scale.at(u64::MAX) == 0.0);
        assert_eq!(scale.ticks().collect::<Vec<_>>(), [1, 10, 100, 1_000, 10_000]);
        assert_eq!(LogScale::new(u64::MAX, 0.0, 1.0).ticks().last(), Some(10_u64.pow(18)));
        assert_eq!([short(5), short(2_000), short(2_500), short(3_000_000)], ["5", "2k", "2,500", "3M"]);
    }
}
