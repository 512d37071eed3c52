//! How text becomes JSON here: escaping, numbers and subject ids into a reused buffer. A million lines a day are formatted by
//! hand because a serialiser per record would cost more than everything else together.

use super::calendar::{HOUR, MINUTE};
use super::rng::mix;

/// Appends `text` as a JSON string, with its quotes.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\t' => out.extend(b"\\t"),
            0..0x20 => {
                out.extend(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// `text` as a JSON string, for what is rendered once.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    string(&mut out, text);
    String::from_utf8(out).expect("escaping keeps UTF-8")
}

/// Appends a number in decimal, padded with zeros to at least `width` digits.
pub(crate) fn number(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    while value > 0 {
        first -= 1;
        digits[first] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[first.min(digits.len() - width.clamp(1, 20))..]);
}

/// Appends the id of a customer, without quotes.
pub(crate) fn subject(out: &mut Vec<u8>, customer: u32) {
    out.push(b'C');
    number(out, u64::from(customer), 8);
}

/// Appends the telephone number of a customer: eleven digits that say nothing of the id.
pub(crate) fn phone(out: &mut Vec<u8>, customer: u32) {
    out.extend_from_slice(b"13");
    number(out, mix(&[0x7e1e, u64::from(customer)]) % 1_000_000_000, 9);
}

/// Appends `HH:MM:SS.mmm` of milliseconds since midnight.
pub(crate) fn clock(out: &mut Vec<u8>, at: u32) {
    let at = u64::from(at);
    number(out, at / u64::from(HOUR), 2);
    out.push(b':');
    number(out, at / u64::from(MINUTE) % 60, 2);
    out.push(b':');
    number(out, at / 1000 % 60, 2);
    out.push(b'.');
    number(out, at % 1000, 3);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_a_parser_reads_them() {
        let raw = "a \"quoted\" \\ line\nand\ttab \u{1} 杭州";
        assert_eq!(serde_json::from_str::<String>(&quoted(raw)).unwrap(), raw);
    }

    #[test]
    fn numbers_are_padded_and_never_cut() {
        let write = |value, width| {
            let mut out = Vec::new();
            number(&mut out, value, width);
            String::from_utf8(out).unwrap()
        };
        assert_eq!([write(0, 1), write(7, 3), write(12345, 3), write(0, 0)], ["0", "007", "12345", "0"]);
        let mut out = Vec::new();
        subject(&mut out, 1234);
        out.push(b' ');
        clock(&mut out, 33_245_067);
        assert_eq!(String::from_utf8(out).unwrap(), "C00001234 09:14:05.067");
    }
}
